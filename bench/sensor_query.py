"""What the drift sensor's query takes in a log of ten million requests, an SQLite file."""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tfx_request_log import RequestLog

_MODEL = "taxi"
_START = datetime(2026, 1, 1, tzinfo=UTC)
_APART = timedelta(seconds=0.1)
_OLD, _NEW = 1, 2
# The version that just went live: fewer than the sensor waits for, all of them the newest.
_NEW_ROWS = 5_000
_FEW = 100
_AT_MOST = 10_000
_REPEATS = 11
_INSERT = """
INSERT INTO request_response_log (request_id, deployed_model_id, endpoint, logging_time, model,
  model_version, version, signature, latency_ms, shadow, instances, request_payload,
  response_payload)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows - 1)
SELECT n + 1, 'd1', 'projects/p/locations/l/endpoints/1',
  strftime('%Y-%m-%d %H:%M:%f', :start + n * :apart, 'unixepoch') || '000', :model,
  '1', CASE WHEN n < :rows - :new_rows THEN :old ELSE :new END, 'serving_json', 1.0, 0, 1,
  '["{\\"fare\\":' || n % 50 || ',\\"company\\":\\"' || hex(zeroblob(60)) || '\\"}"]',
  '["[0.' || n % 997 || ']"]'
FROM numbers
"""


@dataclass(frozen=True)
class Query:
    """One way to ask, and the milliseconds of each time."""

    case: str
    counted: int
    milliseconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)


def measure(rows: int) -> list[Query]:
    """Writes a log of so many requests, and asks it as the sensor does: some minutes."""
    with tempfile.TemporaryDirectory(prefix="tfx-airflow-bench-") as folder:
        path = Path(folder) / "log.db"
        log = RequestLog(f"sqlite:///{path}")
        log.create()
        _write(path, rows)
        end = _START + rows * _APART
        return [
            _ask(log, "few new requests", end - _FEW * _APART, _NEW),
            _ask(log, f"all new, {_AT_MOST} at most", _START, _OLD),
            _ask(log, "nearly all new ones of another version", _START, _NEW),
        ]


def _write(path: Path, rows: int) -> None:
    values = {
        "rows": rows,
        "start": _START.timestamp(),
        "apart": _APART.total_seconds(),
        "model": _MODEL,
        "old": _OLD,
        "new": _NEW,
        "new_rows": _NEW_ROWS,
    }
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_INSERT, values)


def _ask(log: RequestLog, case: str, since: datetime, version: int) -> Query:
    milliseconds = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        counted = log.count_since(_MODEL, since, version, at_most=_AT_MOST)
        milliseconds.append(1000 * (time.perf_counter() - started))
    return Query(case, counted, milliseconds)
