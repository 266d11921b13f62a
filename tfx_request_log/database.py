"""Opens the database of the log, and makes its schema."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from tfx_contract.errors import InputError, SetupError
from tfx_request_log.tables import SCHEMA_VERSION, metadata, requests, schema_version

# Any number will do, as long as all who make the schema agree on it.
_POSTGRESQL_LOCK = 7_331_905_521
_WAL_POLL_SECONDS = 0.05


def open_engine(url: str, timeout: float) -> Engine:
    """An engine for any database that SQLAlchemy has a dialect for.

    Args:
      url: SQLAlchemy URL; a path of SQLite is one file.
      timeout: Seconds that SQLite waits for a lock, and PostgreSQL's driver for the server.

    Raises:
      InputError: this is no URL of a database, or SQLite without a file.
      SetupError: the driver is not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _open_sqlite(parsed, timeout)
        options = {"timeout": timeout} if parsed.drivername == "postgresql+pg8000" else {}
        # Values of a request must not turn up in the message of an exception.
        return create_engine(
            parsed, connect_args=options, pool_pre_ping=True, pool_size=2, hide_parameters=True
        )
    except ArgumentError:
        raise InputError(
            "The request log's address is no SQLAlchemy URL; allowed are such as "
            "'sqlite:////var/log/requests.db' and 'postgresql+pg8000://user:password@host/name'."
        ) from None
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise SetupError(
            f"No driver for '{parsed.drivername}', the database of the request log, is installed "
            f"in this environment: {error}. Install its SQLAlchemy dialect here."
        ) from error


def create_schema(engine: Engine) -> None:
    """Makes the tables and indexes where they are missing; two processes may do so at once.

    An index that a later release added is no other schema: an older one works with it, too.

    Raises:
      SetupError: a newer release made them.
    """
    if engine.dialect.name == "sqlite":
        _switch_to_wal(engine)
    with engine.execution_options(writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})"))
        version = _stored_version(connection)
        _refuse_newer(version)
        if version is None:
            metadata.create_all(connection)
            connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))
        for index in requests.indexes:
            index.create(connection, checkfirst=True)


def check_schema(engine: Engine) -> None:
    """Sees to it that there is a log to read; makes nothing.

    Raises:
      SetupError: there is none, or a newer release made it.
    """
    where = engine.url.render_as_string(hide_password=True)
    path = sqlite_file(engine.url)
    version = None
    if path is None or path.exists():
        with engine.connect() as connection:
            version = _stored_version(connection)
    if version is None:
        raise SetupError(
            f"There is no request log in {where}. The endpoint makes it when it starts; "
            f"TFX_AIRFLOW_REQUEST_LOG names another database."
        )
    _refuse_newer(version)


def describe_failure(error: BaseException) -> str:
    """One line on what the database complained about, without the values of a row."""
    cause = getattr(error, "orig", None) or error
    detail = cause.args[0] if cause.args else ""
    if isinstance(detail, dict):
        # PostgreSQL's server quotes the row in other fields.
        detail = detail.get("M", "")
    lines = str(detail).splitlines() or [""]
    return f"{type(cause).__name__}: {lines[0]}"


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite database; None for any other."""
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:":
        raise InputError(
            f"The request log in '{url}' would be gone with its connection; name a file, such as "
            f"'sqlite:////var/log/requests.db'."
        )
    return Path(url.database)


def _open_sqlite(url: URL, timeout: float) -> Engine:
    path = sqlite_file(url)
    assert path is not None
    # A new connection each time, so that a file that was replaced or removed is noticed.
    engine = create_engine(
        url, connect_args={"timeout": timeout}, poolclass=NullPool, hide_parameters=True
    )
    event.listen(engine, "do_connect", lambda *_: _make_private(path))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _make_private(path: Path) -> None:
    """Makes the file for its owner alone; SQLite gives its journals the same rights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    # Python's driver would begin transactions late, and none around DDL; `_begin` does so.
    connection.isolation_level = None
    # What is erased must not be left in the file.
    connection.execute("PRAGMA secure_delete=ON")


def _begin(connection: Connection) -> None:
    # A transaction that turned into a writer halfway could fail at once instead of waiting.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _switch_to_wal(engine: Engine) -> None:
    """Readers and the writer then leave each other alone; the file remembers it."""
    # SQLite does not wait for a lock here.
    give_up = time.monotonic() + 5
    while True:
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
        finally:
            connection.close()
        time.sleep(_WAL_POLL_SECONDS)


def _stored_version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(schema_version.name):
        return None
    return connection.execute(select(schema_version.c.version)).scalar()


def _refuse_newer(version: int | None) -> None:
    if version is not None and version > SCHEMA_VERSION:
        raise SetupError(
            f"The request log has schema {version}, made by a newer release; this one knows "
            f"schemas up to {SCHEMA_VERSION}. Update this installation, or name another database."
        )
