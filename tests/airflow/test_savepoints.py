"""What looks before it writes waits for other writers of an SQLite file in WAL mode."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError

from tfx_airflow.deployment import savepoints


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A table with one number."""
    engine = create_engine(f"sqlite:///{tmp_path / 'airflow.db'}?timeout=30")
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql("CREATE TABLE counted (number INTEGER)")
        connection.exec_driver_sql("INSERT INTO counted VALUES (0)")
    return engine


def look_and_count(engine: Engine, looked: threading.Event, seconds: float) -> None:
    """As Airflow does: a savepoint, a look, some time, a write."""
    with engine.connect() as connection, connection.begin(), connection.begin_nested():
        number = connection.execute(text("SELECT number FROM counted")).scalar_one()
        looked.set()
        time.sleep(seconds)
        connection.execute(text("UPDATE counted SET number = :number"), {"number": number + 1})


def count_beside(engine: Engine) -> int:
    """Counts while somebody else has looked and not yet written; the number in the end."""
    looked = threading.Event()

    def count() -> None:
        looked.wait()
        with engine.begin() as connection:
            connection.execute(text("UPDATE counted SET number = number + 10"))

    other = threading.Thread(target=count)
    other.start()
    try:
        look_and_count(engine, looked, 0.5)
    finally:
        other.join()
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT number FROM counted")).scalar_one())


def test_no_write_between_a_look_and_a_write_is_lost_or_refused(engine: Engine) -> None:
    assert count_beside(engine) == 11


def test_without_it_sqlite_refuses(engine: Engine) -> None:
    event.remove(Engine, "savepoint", savepoints._become_writer)
    try:
        with pytest.raises(OperationalError, match="database is locked"):
            count_beside(engine)
    finally:
        event.listen(Engine, "savepoint", savepoints._become_writer)


def test_a_savepoint_in_a_transaction_that_writes_changes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE counted SET number = 5"))
        with connection.begin_nested() as nested:
            connection.execute(text("UPDATE counted SET number = 6"))
            nested.rollback()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT number FROM counted")).scalar_one() == 5
