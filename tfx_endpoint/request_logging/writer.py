"""The thread that has the request log written, and clears away what is too old."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tfx_endpoint.request_logging.rules import LogRules
from tfx_endpoint.request_logging.waiting import Drawn, Waiting
from tfx_endpoint.request_logging.writing_process import (
    Job,
    WritingFailed,
    WritingProcess,
    Written,
)
from tfx_request_log import RequestLog
from tfx_request_log.database import describe_failure
from tfx_request_log.hashing import KeyedHash

_log = logging.getLogger(__name__)

_FIRST_RETRY_SECONDS = 0.25
_LONGEST_RETRY_SECONDS = 15.0
_PURGED_AT_ONCE = 2_000


class LogWriter:
    """Hands what waits to a process that writes it, in batches.

    It tries again, ever more slowly, while the database is away.

    Args:
      log: Where it is written.
      process: Who writes.
      waiting: What to write.
      rules: What to leave out.
      key_file: The key of the hashes, made when missing.
      flush_seconds: Greatest age of what waits.
      purge_seconds: Time between two looks for rows that are too old.
    """

    def __init__(
        self,
        log: RequestLog,
        process: WritingProcess,
        waiting: Waiting,
        rules: LogRules,
        key_file: Path,
        flush_seconds: float,
        purge_seconds: float,
    ) -> None:
        self.written = self.unruled = self.withheld = self.unwritable = 0
        self.failing_since: datetime | None = None
        self.last_error: str | None = None
        self._log, self._process, self._waiting = log, process, waiting
        self._rules, self._key_file = rules, key_file
        self._flush_seconds, self._purge_seconds = flush_seconds, purge_seconds
        self._hashes: KeyedHash | None = None
        self._unwritten: list[Drawn] = []
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._purge_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Has it write what waits, and end; returns after `timeout` seconds at the latest."""
        self._stop.set()
        self._waiting.hurry()
        if self._thread.is_alive():
            self._thread.join(timeout)
        if self._thread.is_alive():
            self._process.abandon()

    def _run(self) -> None:
        self._take_turns()
        self._process.close()

    def _take_turns(self) -> None:
        while True:
            stopping = self._stop.is_set()
            try:
                self._turn(stopping)
                self._say_that_it_works()
            except Exception as error:  # Requests are answered whatever it is, so this goes on.
                self._say_that_it_fails(error)
            if stopping:
                return
            self._pause()

    def _turn(self, stopping: bool) -> None:
        if self._hashes is None or self.failing_since is not None:
            self._process.start()
            # A database that is back may be an empty one.
            self._log.create()
            self._hashes = KeyedHash.open(self._key_file)
        self._write(self._hashes, everything=stopping)
        if not stopping and time.monotonic() >= self._purge_at:
            self._purge()

    def _write(self, hashes: KeyedHash, everything: bool) -> None:
        """Writes a batch, and more as long as whole ones wait: many small ones cost more."""
        while True:
            self._rules.refresh()
            self._unwritten = self._unwritten or self._waiting.take()
            if not self._unwritten:
                return
            models = {one.request.model for one in self._unwritten}
            rules = {model: self._rules.of(model) for model in models}
            self._settle(self._process.write(Job(self._unwritten, rules, hashes)))
            if not everything and not self._waiting.has_batch:
                return

    def _settle(self, done: Written) -> None:
        self.written += done.written
        self.unruled += done.unruled
        self.withheld += done.withheld
        self.unwritable += done.unwritable
        self.last_error = done.error or self.last_error
        settled, self._unwritten = self._unwritten, []
        self._waiting.settle(settled)

    def _purge(self) -> None:
        """Erases some of what is too old; more of it in the next turns, so that none is long."""
        left = _PURGED_AT_ONCE
        for model in self._log.models():
            rules = self._rules.of(model)
            if rules and rules.retention_days is not None and left > 0:
                oldest = datetime.now(UTC) - timedelta(days=rules.retention_days)
                left -= self._log.purge(model, oldest, at_most=left)
        if left > 0:
            self._purge_at = time.monotonic() + self._purge_seconds

    def _pause(self) -> None:
        if self.failing_since is None:
            self._waiting.wait_for_batch(self._flush_seconds)
            return
        self._stop.wait(self._retry_seconds)
        self._retry_seconds = min(2 * self._retry_seconds, _LONGEST_RETRY_SECONDS)

    def _say_that_it_works(self) -> None:
        if self.failing_since is not None:
            _log.warning(
                "The request log is written again; it was not since %s", self.failing_since
            )
        self.failing_since, self._retry_seconds = None, _FIRST_RETRY_SECONDS

    def _say_that_it_fails(self, error: Exception) -> None:
        """Once per outage, not per try."""
        self.last_error = (
            str(error) if isinstance(error, WritingFailed) else describe_failure(error)
        )
        if self.failing_since is None:
            self.failing_since = datetime.now(UTC)
            _log.error(
                "The request log cannot be written; requests wait while there is room, then they "
                "are counted as lost: %s",
                self.last_error,
            )
