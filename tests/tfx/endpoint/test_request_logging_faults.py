"""The log's database dies, fills up, is locked or replaced: no prediction is late for it."""

from __future__ import annotations

import logging
import resource
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.postgresql import running_postgresql
from tests.tfx.endpoint.request_logs import (
    logger_in,
    payloads,
    served,
    wait_until,
    write_model,
    writing_process,
)
from tfx_endpoint.request_logging import RequestLogger
from tfx_request_log.tables import SCHEMA_VERSION


@pytest.fixture(autouse=True)
def dags(tmp_path: Path) -> Path:
    """A folder with one model that keeps everything."""
    write_model(tmp_path / "dags")
    return tmp_path / "dags"


def slowest_call(logger: RequestLogger, calls: int) -> float:
    """Seconds of the slowest of so many calls."""
    longest = 0.0
    for _ in range(calls):
        request = served()
        started = time.perf_counter()
        logger(request)
        longest = max(longest, time.perf_counter() - started)
    return longest


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of the log can grow beyond `size` bytes: a disk that is full."""
    writer = writing_process().pid
    soft, hard = resource.prlimit(writer, resource.RLIMIT_FSIZE)
    resource.prlimit(writer, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(writer, resource.RLIMIT_FSIZE, (soft, hard))


def test_a_database_that_never_was_there_delays_nothing(tmp_path: Path) -> None:
    url = "postgresql+pg8000://nobody:secret@127.0.0.1:9/none"
    with logger_in(tmp_path, url, max_queued=200) as logger:
        wait_until(lambda: logger.failing_since)
        assert slowest_call(logger, 1_000) < 0.1
        assert (logger.written, logger.lost, logger.queued) == (0, 800, 200)
        assert logger.last_error
        assert "secret" not in logger.last_error
        started = time.monotonic()
        logger.close(timeout=1)
        assert time.monotonic() - started < 4
    assert logger.lost == 1_000


def test_an_outage_is_told_once_and_its_end_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "later"
    folder.write_text("a file where the log's folder should be")
    with (
        caplog.at_level(logging.WARNING),
        logger_in(tmp_path, f"sqlite:///{folder / 'log.db'}") as logger,
    ):
        logger(served())
        wait_until(lambda: logger.failing_since)
        time.sleep(1.2)
        assert len(caplog.records) == 1
        folder.unlink()
        wait_until(lambda: logger.written == 1)
        wait_until(lambda: logger.failing_since is None)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert logger.lost == 0


def test_a_database_that_is_back_gets_what_waited(tmp_path: Path) -> None:
    with running_postgresql() as server, logger_in(tmp_path, server.url) as logger:
        logger(served())
        assert logger.flush(10)
        server.stop()
        for _ in range(20):
            logger(served())
        wait_until(lambda: logger.failing_since)
        server.start()
        wait_until(lambda: logger.written == 21, 30)
        assert logger.lost == 0
        assert len(payloads(logger.log)) == 21


def test_a_full_disk_is_survived(tmp_path: Path) -> None:
    with logger_in(tmp_path, max_queued=400, batch_size=100) as logger:
        logger(served())
        assert logger.flush(10)
        with file_size_limit(150_000):
            for _ in range(20):
                for _ in range(100):
                    logger(served(instances=[{"text": "x" * 500}]))
                time.sleep(0.05)
            wait_until(lambda: logger.failing_since and logger.lost)
            assert "full" in str(logger.last_error) or "I/O" in str(logger.last_error)
        wait_until(lambda: not logger.queued, 30)
        assert logger.failing_since is None or logger.flush(1)
        assert logger.written + logger.lost == 2_001
        assert len(payloads(logger.log)) == logger.written


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_writer_that_is_killed_is_replaced_and_nothing_is_lost(
    tmp_path: Path, number: int
) -> None:
    with logger_in(tmp_path, batch_size=50) as logger:
        logger(served())
        assert logger.flush(10)
        for _ in range(3):
            for _ in range(200):
                logger(served())
            writing_process().send_signal(number)
            wait_until(lambda: not logger.queued)
        assert (logger.written, logger.lost) == (601, 0)
        assert len(payloads(logger.log)) == 601


def test_a_locked_database_is_written_when_it_is_free(tmp_path: Path) -> None:
    with logger_in(tmp_path) as logger:
        logger(served())
        assert logger.flush(10)
        holder = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        assert slowest_call(logger, 200) < 0.1
        assert not logger.flush(0.5)
        holder.execute("ROLLBACK")
        holder.close()
        assert logger.flush(10)
        assert (logger.written, logger.lost) == (201, 0)


def test_a_file_that_was_removed_is_made_anew(tmp_path: Path) -> None:
    with logger_in(tmp_path) as logger:
        logger(served())
        assert logger.flush(10)
        for file in tmp_path.glob("log.db*"):
            file.unlink()
        logger(served())
        wait_until(lambda: logger.written == 2)
        assert len(payloads(logger.log)) == 1


def test_a_file_that_is_no_database_is_waited_out(tmp_path: Path) -> None:
    with logger_in(tmp_path) as logger:
        assert logger.flush(10)
        wait_until(lambda: (tmp_path / "log.db").exists())
        time.sleep(0.2)
        for file in tmp_path.glob("log.db*"):
            file.unlink()
        (tmp_path / "log.db").write_text("no database" * 1000)
        logger(served())
        wait_until(lambda: "not a database" in str(logger.last_error))
        (tmp_path / "log.db").unlink()
        wait_until(lambda: logger.written == 1)


def test_a_log_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    with logger_in(tmp_path) as logger:
        logger(served())
        assert logger.flush(10)
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute(f"UPDATE request_log_schema_version SET version = {SCHEMA_VERSION + 1}")
    with logger_in(tmp_path) as logger:
        logger(served())
        wait_until(lambda: logger.failing_since)
        assert "newer release" in str(logger.last_error)
    assert (logger.written, logger.lost) == (0, 1)


def test_few_requests_of_very_many_instances_fill_the_queue_too(tmp_path: Path) -> None:
    logger = logger_in(tmp_path, max_queued=100)
    for _ in range(10):
        logger(served(instances=[1.0] * 500, predictions=[1.0] * 500))
    assert (logger.queued, logger.lost) == (2, 8)
    logger.close()
    assert logger.lost == 10
