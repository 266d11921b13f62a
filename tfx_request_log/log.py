"""`RequestLog`: writes, reads, labels and erases rows of the request-response log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    delete,
    func,
    select,
    true,
    type_coerce,
    update,
)

from tfx_contract.errors import InputError
from tfx_request_log.database import check_schema, create_schema, open_engine
from tfx_request_log.inserting import insert_new
from tfx_request_log.records import LoggedRequest, LogStatistics, Payload
from tfx_request_log.tables import keys, requests

_READ_BATCH = 500
# SQLite takes 32,766 parameters in a statement.
_IDS_AT_ONCE = 500
_PAYLOAD = [
    requests.c.signature,
    *(
        type_coerce(requests.c[name], Text)
        for name in ("request_payload", "response_payload", "groundtruth")
    ),
]
_COLUMNS = [column for column in requests.columns if column.name != "instances"]


class RequestLog:
    """The log in one database. Threads and processes may share it.

    Every method may raise SQLAlchemy's SQLAlchemyError when the database cannot do its part.

    Args:
      url: SQLAlchemy URL.
      timeout: Seconds that SQLite waits for a lock, and PostgreSQL's driver for the server.

    Raises:
      InputError: this is no URL of a database.
      SetupError: the driver is not installed.
    """

    def __init__(self, url: str, timeout: float = 30.0) -> None:
        self._engine = open_engine(url, timeout)
        self._writer = self._engine.execution_options(writes=True)

    def create(self) -> None:
        """Makes the tables where they are missing; two processes may do so at once.

        Raises:
          SetupError: a newer release made them.
        """
        create_schema(self._engine)

    def check(self) -> None:
        """Sees to it that there is a log; makes nothing.

        Raises:
          SetupError: there is none, or a newer release made it.
        """
        check_schema(self._engine)

    def close(self) -> None:
        """Closes idle connections."""
        self._engine.dispose()

    def append(
        self,
        rows: Sequence[LoggedRequest],
        key_hashes: Mapping[int, Iterable[str]] | None = None,
    ) -> None:
        """Writes rows in one transaction; those that are there already stay as they are.

        Args:
          rows: The requests.
          key_hashes: By request id, the keyed hashes of the persons that it is about.
        """
        if not rows:
            return
        values = [{**vars(row), "instances": len(row.request_payload)} for row in rows]
        persons = [
            {"request_id": request_id, "key_hash": key_hash}
            for request_id, hashes in (key_hashes or {}).items()
            for key_hash in set(hashes)
        ]
        with self._writer.begin() as connection:
            insert_new(connection, requests, values)
            insert_new(connection, keys, persons)

    def count_since(
        self,
        model: str,
        since: datetime,
        version: int | None = None,
        at_most: int | None = None,
        until: datetime | None = None,
    ) -> int:
        """Requests of users (shadow answers left out) at `since` or later.

        Args:
          model: The model's name.
          since: Point in time, with a time zone.
          version: Only those that this pushed version answered.
          at_most: Counts no further; whoever waits for N requests needs no more.
          until: Only those before.
        """
        # Nothing that an index does not hold.
        chosen = select(requests.c.logging_time).where(_chosen(model, since, until, version, False))
        with self._engine.connect() as connection:
            counted = chosen.limit(at_most).subquery()
            return connection.execute(select(func.count()).select_from(counted)).scalar_one()

    def instances_between(
        self, model: str, since: datetime, until: datetime, version: int, at_most: int
    ) -> int:
        """Instances that users asked a version about, those of `at_most` requests at the most.

        Args:
          model: The model's name.
          since: The oldest, inclusive.
          until: The newest, exclusive.
          version: Only what this pushed version answered.
          at_most: Requests to look at; whether there are more than N takes N + 1 of them.
        """
        chosen = select(requests.c.instances).where(_chosen(model, since, until, version, False))
        some = chosen.limit(at_most).subquery()
        with self._engine.connect() as connection:
            return connection.execute(select(func.sum(some.c.instances))).scalar() or 0

    def read(
        self,
        model: str,
        since: datetime | None = None,
        until: datetime | None = None,
        version: int | None = None,
        limit: int | None = None,
        shadow: bool | None = False,
    ) -> Iterator[LoggedRequest]:
        """Rows of a model, the newest first, streamed; close the iterator to stop early.

        Args:
          model: The model's name.
          since: The oldest, inclusive.
          until: The newest, exclusive.
          version: Only what this pushed version answered.
          limit: Rows, at most.
          shadow: Whether answers of shadow versions; None: all answers.
        """
        query = (
            select(*_COLUMNS)
            .where(_chosen(model, since, until, version, shadow))
            .order_by(requests.c.logging_time.desc(), requests.c.request_id)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            streamed = connection.execution_options(yield_per=_READ_BATCH)
            for row in streamed.execute(query).mappings():
                yield LoggedRequest(**row)

    def payloads(
        self,
        model: str,
        since: datetime,
        until: datetime,
        version: int | None = None,
        at_once: int = 20_000,
        labelled: bool = False,
    ) -> Iterator[Sequence[Payload]]:
        """What users asked and were answered, `at_once` requests at a time, in no order.

        Args:
          model: The model's name.
          since: The oldest, inclusive.
          until: The newest, exclusive.
          version: Only what this pushed version answered.
          at_once: Requests that are held in memory.
          labelled: Only those whose ground truth is known.
        """
        query = select(*_PAYLOAD).where(_chosen(model, since, until, version, shadow=False))
        if labelled:
            query = query.where(requests.c.groundtruth_time.is_not(None))
        with self._engine.connect() as connection:
            streamed = connection.execution_options(yield_per=at_once).execute(query)
            for rows in streamed.partitions():
                yield [Payload(*row) for row in rows]

    def get(self, request_id: int) -> list[LoggedRequest]:
        """The rows of one request: of the version that answered, and of shadow versions."""
        query = select(*_COLUMNS).where(requests.c.request_id == request_id)
        with self._engine.connect() as connection:
            return [LoggedRequest(**row) for row in connection.execute(query).mappings()]

    def set_ground_truth(
        self,
        values: Mapping[int, Any],
        model: str | None = None,
        endpoint: str | None = None,
    ) -> list[int]:
        """Stores what turned out to be true, for all ids or, when it raises, for none.

        Args:
          values: By request id, a list of one JSON value per instance; a request of one instance
            may also give the value alone.
          model: Ids of other models count as unknown.
          endpoint: Likewise, of other endpoints.

        Returns:
          Ids that the log does not hold, in the order given.

        Raises:
          InputError: a value does not fit its request.
        """
        sizes: dict[int, int] = {}
        with self._writer.begin() as connection:
            for some in _chunks(values):
                sizes.update(_instances_of(connection, some, model, endpoint))
            known = [_label(id_, values[id_], sizes[id_]) for id_ in values if id_ in sizes]
            if known:
                connection.execute(_SET_GROUND_TRUTH, known)
        return [request_id for request_id in values if request_id not in sizes]

    def erase(
        self,
        request_ids: Iterable[int] = (),
        key_hash: str | None = None,
        model: str | None = None,
    ) -> int:
        """Erases whole requests, with the answers of shadow versions, all or none.

        Args:
          request_ids: Requests to erase.
          key_hash: Erases every request that is, among others perhaps, about this person.
          model: Leaves the requests of other models alone.

        Returns:
          How many requests there were.
        """
        with self._writer.begin() as connection:
            wanted = set(request_ids)
            if key_hash is not None:
                found = select(keys.c.request_id).where(keys.c.key_hash == key_hash)
                wanted.update(connection.execute(found).scalars())
            present: set[int] = set()
            for some in _chunks(wanted):
                present.update(_instances_of(connection, some, model, None))
            _delete(connection, present)
        self._empty_journal()
        return len(present)

    def purge(
        self,
        model: str,
        older_than: datetime,
        chunk: int = 1_000,
        at_most: int | None = None,
    ) -> int:
        """Erases a model's requests of before `older_than`, in transactions of `chunk` requests.

        Returns:
          How many requests were erased; `at_most` or more when some may be left.
        """
        erased = 0
        query = _expired(model, older_than).limit(chunk)
        while at_most is None or erased < at_most:
            with self._writer.begin() as connection:
                expired = set(connection.execute(query).scalars())
                _delete(connection, expired)
            erased += len(expired)
            if not expired:
                break
        return erased

    def models(self) -> list[str]:
        """The models that the log holds requests of, by name."""
        names = []
        name: str | None = ""
        with self._engine.connect() as connection:
            # The index is walked from name to name; DISTINCT would read all of it.
            while name is not None:
                following = select(func.min(requests.c.model)).where(requests.c.model > name)
                name = connection.execute(following).scalar()
                names.append(name)
        return [name for name in names if name is not None]

    def statistics(self, model: str | None = None) -> list[LogStatistics]:
        """What the log holds, by model."""
        columns = requests.c
        query = select(
            columns.model,
            func.count().label("requests"),
            func.sum(columns.instances).label("instances"),
            func.count().filter(columns.shadow).label("shadow_requests"),
            func.count(columns.groundtruth_time).label("with_groundtruth"),
            func.min(columns.logging_time, type_=columns.logging_time.type).label("oldest"),
            func.max(columns.logging_time, type_=columns.logging_time.type).label("newest"),
        )
        query = query.group_by(columns.model).order_by(columns.model)
        if model is not None:
            query = query.where(columns.model == model)
        with self._engine.connect() as connection:
            return [LogStatistics(**row) for row in connection.execute(query).mappings()]

    def _empty_journal(self) -> None:
        """SQLite's journal still holds what was erased until it is written over."""
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect() as connection:
                connection.rollback()
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")


_SET_GROUND_TRUTH = (
    update(requests)
    .where(requests.c.request_id == bindparam("id"))
    .values(groundtruth=bindparam("labels"), groundtruth_time=bindparam("labelled_at"))
)


def _chosen(
    model: str,
    since: datetime | None,
    until: datetime | None,
    version: int | None,
    shadow: bool | None,
) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [requests.c.model == model]
    if since is not None:
        conditions.append(requests.c.logging_time >= since)
    if until is not None:
        conditions.append(requests.c.logging_time < until)
    if version is not None:
        conditions.append(requests.c.version == version)
    if shadow is not None:
        conditions.append(requests.c.shadow == shadow)
    return and_(*conditions)


def _expired(model: str, older_than: datetime) -> Select[int]:
    condition = _chosen(model, None, older_than, None, None)
    return select(requests.c.request_id).where(condition).order_by(requests.c.logging_time)


def _instances_of(
    connection: Connection, request_ids: list[int], model: str | None, endpoint: str | None
) -> dict[int, int]:
    """By request id, how many instances each of these requests has that the log holds."""
    columns = requests.c
    query = select(columns.request_id, columns.instances).where(
        columns.request_id.in_(request_ids),
        true() if model is None else columns.model == model,
        true() if endpoint is None else columns.endpoint == endpoint,
    )
    return {row.request_id: row.instances for row in connection.execute(query)}


def _label(request_id: int, value: Any, instances: int) -> dict[str, Any]:
    """The parameters of `_SET_GROUND_TRUTH`."""
    labels = value if isinstance(value, list) or instances != 1 else [value]
    if not isinstance(labels, list) or len(labels) != instances:
        found = f"a list of {len(labels)}" if isinstance(labels, list) else "one value"
        raise InputError(
            f"The ground truth of request {request_id} is {found}, and the request has {instances} "
            f"instance{'s' * (instances != 1)}; give a list with one value for each. A label that "
            f"is a list itself stands in such a list, too. Nothing was stored."
        )
    return {"id": request_id, "labels": labels, "labelled_at": datetime.now(UTC)}


def _delete(connection: Connection, request_ids: Iterable[int]) -> None:
    for some in _chunks(request_ids):
        connection.execute(delete(keys).where(keys.c.request_id.in_(some)))
        connection.execute(delete(requests).where(requests.c.request_id.in_(some)))


def _chunks(request_ids: Iterable[int]) -> Iterator[list[int]]:
    remaining = iter(request_ids)
    while some := list(islice(remaining, _IDS_AT_ONCE)):
        yield some
