"""The request log in real databases: an SQLite file and a PostgreSQL server."""

from __future__ import annotations

import multiprocessing
import sqlite3
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, insert, inspect, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateTable

from tests.postgresql import PostgreSQL, running_postgresql
from tfx_contract.errors import InputError, SetupError
from tfx_request_log import LoggedRequest, RequestLog
from tfx_request_log.database import describe_failure
from tfx_request_log.tables import SCHEMA_VERSION, metadata, requests, schema_version

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
ENDPOINT = "projects/p/locations/l/endpoints/1"
ROW = LoggedRequest(
    request_id=1,
    logging_time=START,
    endpoint=ENDPOINT,
    deployed_model_id="d1",
    model="taxi",
    model_version="3",
    version=7,
    signature="serving_json",
    latency_ms=2.5,
    shadow=False,
    request_payload=['{"fare":12.5,"company":"Zoë \\u0000"}', '{"fare":null}'],
    response_payload=["0.25", "[1,2]"],
)


def row(request_id: int, **changes: object) -> LoggedRequest:
    """A request of one instance, `request_id` seconds after the start."""
    one = replace(ROW, request_payload=['{"fare":1}'], response_payload=["0.5"])
    at = START + timedelta(seconds=request_id)
    return replace(one, request_id=request_id, **{"logging_time": at, **changes})


def ids(log: RequestLog, **choice: object) -> list[int]:
    """The ids of taxi's requests, in order."""
    return [found.request_id for found in log.read("taxi", **choice)]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    with running_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/log/requests.db"
    url: str = request.getfixturevalue("postgresql").url
    engine = create_engine(url)
    metadata.drop_all(engine)
    engine.dispose()
    return url


@pytest.fixture
def log(url: str) -> Iterator[RequestLog]:
    log = RequestLog(url)
    log.create()
    yield log
    log.close()


def test_a_row_comes_back_as_it_was_written(log: RequestLog) -> None:
    log.append([ROW])
    assert list(log.read("taxi")) == [ROW]
    assert log.get(ROW.request_id) == [ROW]


def test_payloads_come_undecoded_in_batches_of_a_window_and_a_version(log: RequestLog) -> None:
    log.append([row(number, version=7 + number % 2) for number in range(10)])
    log.append([row(4_000, logging_time=START + timedelta(seconds=4), shadow=True)])
    log.set_ground_truth({2: 1})
    since, until = START + timedelta(seconds=2), START + timedelta(seconds=8)
    batches = list(log.payloads("taxi", since, until, version=7, at_once=2))
    assert [len(batch) for batch in batches] == [2, 1]
    found = [payload for batch in batches for payload in batch]
    assert {payload.request for payload in found} == {'["{\\"fare\\":1}"]'}
    assert {payload.response for payload in found} == {'["0.5"]'}
    assert sorted(payload.groundtruth or "" for payload in found) == ["", "", "[1]"]
    ((labelled,),) = log.payloads("taxi", since, until, version=7, labelled=True)
    assert labelled.groundtruth == "[1]"


def test_rows_of_a_large_batch_come_back_as_they_were_written(log: RequestLog) -> None:
    batch = [replace(ROW, request_id=2**62 + n, version=None, shadow=True) for n in range(120)]
    log.append(batch)
    log.append(batch)
    assert list(log.read("taxi", shadow=True)) == batch


def test_times_of_any_zone_come_back_in_utc(log: RequestLog) -> None:
    chicago = START.astimezone(tz=None)
    log.append([replace(ROW, logging_time=chicago)])
    (found,) = log.read("taxi")
    assert found.logging_time == START
    assert found.logging_time.tzinfo == UTC


def test_the_largest_request_id_fits(log: RequestLog) -> None:
    log.append([replace(ROW, request_id=2**63 - 1)])
    assert ids(log) == [2**63 - 1]


def test_a_batch_that_is_written_again_is_there_once(log: RequestLog) -> None:
    batch = [row(1), row(2)]
    log.append(batch, {1: ["a" * 64]})
    log.append([*batch, row(3)], {1: ["a" * 64]})
    assert ids(log) == [3, 2, 1]


def test_the_answer_of_a_shadow_version_stands_beside_that_of_the_live_one(log: RequestLog) -> None:
    shadow = row(1, deployed_model_id="d2", shadow=True, version=8)
    log.append([row(1), shadow])
    assert [found.deployed_model_id for found in log.read("taxi")] == ["d1"]
    assert list(log.read("taxi", shadow=True)) == [shadow]
    assert len(ids(log, shadow=None)) == 2
    assert log.count_since("taxi", START) == 1


def test_requests_are_counted_from_a_point_in_time_on(log: RequestLog) -> None:
    log.append([row(n, version=7 + n % 2) for n in range(1, 11)] + [row(99, model="wine")])
    assert log.count_since("taxi", START + timedelta(seconds=4)) == 7
    assert log.count_since("taxi", START, version=8) == 5
    assert log.count_since("taxi", START, at_most=3) == 3
    assert log.count_since("nothing", START) == 0


def test_instances_of_a_window_and_a_version_are_added_up(log: RequestLog) -> None:
    two = row(1, request_payload=["{}", "{}"], response_payload=["0", "0"])
    log.append([two, *(row(n, version=7 + n % 2) for n in range(2, 10))])
    log.append([row(50, shadow=True, logging_time=START + timedelta(seconds=4))])
    window = START + timedelta(seconds=1), START + timedelta(seconds=8)
    assert log.instances_between("taxi", *window, version=7, at_most=100) == 2 + 3
    assert log.instances_between("taxi", *window, version=8, at_most=2) == 2
    assert log.instances_between("nothing", *window, version=7, at_most=2) == 0


@pytest.mark.parametrize(
    ("version", "index"),
    [
        (None, "request_response_log_newest (model=? AND logging_time>?"),
        (7, "request_response_log_version (model=? AND version=? AND shadow=? AND logging_time>?"),
    ],
)
def test_counting_needs_an_index_alone(tmp_path: Path, version: int | None, index: str) -> None:
    log = RequestLog(f"sqlite:///{tmp_path}/log.db")
    log.create()
    asked: list[tuple[str, object]] = []
    event.listen(log._engine, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
    log.count_since("taxi", START, version, at_most=5)
    ((statement, parameters),) = [one for one in asked if one[0].startswith("SELECT")]
    with sqlite3.connect(tmp_path / "log.db") as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    assert any(f"COVERING INDEX {index}" in str(step) for step in plan), plan


def test_a_log_of_before_gets_the_index_that_it_lacks(log: RequestLog, url: str) -> None:
    log.append([row(1)])
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX request_response_log_version"))
    log.create()
    names = {index["name"] for index in inspect(engine).get_indexes(requests.name)}
    engine.dispose()
    assert names == {"request_response_log_newest", "request_response_log_version"}
    assert ids(log) == [1]


def test_rows_are_chosen_by_time_and_version_the_newest_first(log: RequestLog) -> None:
    log.append([row(n, version=7 + n % 2) for n in range(1, 9)])
    since, until = START + timedelta(seconds=3), START + timedelta(seconds=7)
    assert ids(log, since=since, until=until) == [6, 5, 4, 3]
    assert ids(log, since=since, until=until, version=8) == [5, 3]
    assert ids(log, limit=2) == [8, 7]


def test_more_rows_than_one_batch_are_streamed_while_others_write(log: RequestLog) -> None:
    log.append([row(n) for n in range(1, 1_801)])
    reading = log.read("taxi")
    first = next(reading)
    log.append([row(5_000)])
    assert [first.request_id, *(found.request_id for found in reading)] == [*range(1800, 0, -1)]


def test_ground_truth_comes_late(log: RequestLog) -> None:
    log.append([ROW, row(2), row(3)])
    assert log.set_ground_truth({2: 1, 1: [0, {"tip": 2.5}], 77: 1}) == [77]
    by_id = {found.request_id: found for found in log.read("taxi")}
    assert by_id[1].groundtruth == [0, {"tip": 2.5}]
    assert by_id[2].groundtruth == [1]
    assert by_id[2].groundtruth_time is not None
    assert by_id[3].groundtruth is None
    log.set_ground_truth({2: "corrected"})
    assert log.get(2)[0].groundtruth == ["corrected"]


def test_ground_truth_that_does_not_fit_is_refused_with_all_that_came_along(
    log: RequestLog,
) -> None:
    log.append([ROW, row(2)])
    with pytest.raises(InputError, match="request 1 is a list of 3, and the request has 2 inst"):
        log.set_ground_truth({2: 1, 1: [1, 2, 3]})
    assert [found.groundtruth for found in log.read("taxi")] == [None, None]


def test_ground_truth_of_another_model_or_endpoint_is_unknown(log: RequestLog) -> None:
    log.append([row(1), row(2, model="wine"), row(3, endpoint="other")])
    assert log.set_ground_truth({1: 1, 2: 1}, model="taxi") == [2]
    assert log.set_ground_truth({1: 1, 3: 1}, endpoint=ENDPOINT) == [3]


def test_requests_are_erased_by_id_with_their_shadows(log: RequestLog) -> None:
    log.append([row(1), row(1, deployed_model_id="d2", shadow=True), row(2)], {1: ["k" * 64]})
    assert log.erase(request_ids=[1, 55]) == 1
    assert ids(log, shadow=None) == [2]
    assert log.erase(key_hash="k" * 64) == 0


def test_a_person_is_erased_from_requests_of_several(log: RequestLog) -> None:
    ann, bob = "a" * 64, "b" * 64
    log.append([ROW, row(2), row(3), row(4, model="wine")], {1: [ann, bob], 2: [ann], 4: [ann]})
    assert log.erase(key_hash=ann, model="taxi") == 2
    assert ids(log) == [3]
    assert log.erase(key_hash=ann) == 1


def test_nothing_of_an_erased_person_is_left_in_the_files(tmp_path: Path) -> None:
    log = RequestLog(f"sqlite:///{tmp_path}/log.db")
    log.create()
    secret = "Zebulon Pike, 4 Example Street"
    log.append([row(n, request_payload=[f'"{secret}"']) for n in range(1, 40)])
    held_open = sqlite3.connect(tmp_path / "log.db")
    held_open.execute("SELECT 1 FROM request_response_log").fetchall()
    assert any(secret.encode() in file.read_bytes() for file in tmp_path.iterdir())
    assert log.erase(request_ids=range(1, 40)) == 39
    assert not any(secret.encode() in file.read_bytes() for file in tmp_path.iterdir())
    held_open.close()


def test_old_requests_are_purged_in_chunks_and_others_stay(log: RequestLog) -> None:
    log.append([row(n) for n in range(1, 31)] + [row(100, model="wine", logging_time=START)])
    older_than = START + timedelta(seconds=26)
    assert log.purge("taxi", older_than, chunk=4, at_most=8) == 8
    assert len(ids(log)) == 22
    assert log.purge("taxi", older_than, chunk=4) == 17
    assert ids(log) == [30, 29, 28, 27, 26]
    assert log.models() == ["taxi", "wine"]


def test_statistics_tell_each_model_apart(log: RequestLog) -> None:
    assert log.statistics() == []
    log.append([ROW, row(2), row(2, deployed_model_id="d2", shadow=True), row(9, model="wine")])
    log.set_ground_truth({9: 4})
    taxi, wine = log.statistics()
    assert (taxi.requests, taxi.instances, taxi.shadow_requests, taxi.with_groundtruth) == (
        3,
        4,
        1,
        0,
    )
    assert (taxi.oldest, taxi.newest) == (START, START + timedelta(seconds=2))
    assert (wine.model, wine.requests, wine.with_groundtruth) == ("wine", 1, 1)
    assert log.statistics("wine") == [wine]


def test_writers_at_once_lose_nothing(log: RequestLog) -> None:
    def write(writer: int) -> None:
        for batch in range(10):
            first = writer * 1_000 + batch * 10 + 1
            log.append([row(n) for n in range(first, first + 10)])

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.count_since("taxi", START) == 400


def create_and_write(url: str, first: int, barrier: object) -> None:
    """Runs in a process of its own."""
    log = RequestLog(url)
    barrier.wait()  # type: ignore[attr-defined]
    log.create()
    log.append([row(first)])


def test_processes_may_make_the_schema_at_once(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    processes = [
        context.Process(target=create_and_write, args=(url, n, barrier)) for n in range(1, 4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert ids(RequestLog(url)) == [3, 2, 1]


def test_a_schema_of_a_newer_release_is_refused(log: RequestLog, url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(schema_version).values(version=SCHEMA_VERSION + 1))
    engine.dispose()
    for look in (log.create, log.check):
        with pytest.raises(SetupError, match=f"has schema {SCHEMA_VERSION + 1}.*Update"):
            look()


def test_looking_at_a_log_that_is_not_there_makes_none(url: str, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"There is no request log in .*TFX_AIRFLOW_REQUEST_LOG"):
        RequestLog(url).check()
    assert not (tmp_path / "log").exists()


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    log = RequestLog(f"sqlite:///{tmp_path}/log.db")
    log.create()
    log.append([row(1)])
    assert stat.S_IMODE((tmp_path / "log.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "requests.db", ""])
def test_an_address_that_cannot_hold_a_log_is_refused(url: str) -> None:
    with pytest.raises(InputError, match=r"sqlite:////var/log/requests\.db"):
        RequestLog(url)


def test_a_database_without_a_driver_here_is_named() -> None:
    with pytest.raises(SetupError, match="No driver for 'oracle"):
        RequestLog("oracle://user@host/name")


def test_what_is_told_of_a_failure_holds_no_values(log: RequestLog) -> None:
    broken = insert(requests).values(request_id=1, deployed_model_id="1", model="secret")
    with pytest.raises(SQLAlchemyError) as caught, log._engine.begin() as connection:
        connection.execute(broken)
    assert "endpoint" in describe_failure(caught.value)
    assert "secret" not in describe_failure(caught.value)


def test_a_server_that_restarts_is_found_again(postgresql: PostgreSQL) -> None:
    log = RequestLog(postgresql.url, timeout=5)
    log.create()
    log.append([row(4_242)])
    postgresql.stop()
    with pytest.raises(SQLAlchemyError):
        log.append([row(4_243)])
    postgresql.start()
    log.append([row(4_243)])
    assert log.erase(request_ids=[4_242, 4_243]) == 2
    log.close()


def test_bigquery_would_get_vertex_ais_repeated_strings() -> None:
    dialect = pytest.importorskip("sqlalchemy_bigquery").BigQueryDialect()
    statement = str(CreateTable(requests).compile(dialect=dialect))
    assert "`request_payload` ARRAY<STRING> NOT NULL" in statement
    assert "`logging_time` TIMESTAMP" in statement


def test_the_tables_carry_vertex_ais_columns(log: RequestLog) -> None:
    names = "endpoint, deployed_model_id, logging_time, request_id, request_payload"
    query = f"SELECT {names}, response_payload, model, model_version, groundtruth"
    with log._engine.connect() as connection:
        assert connection.execute(text(f"{query} FROM request_response_log")).all() == []
