"""`RequestLogger`: what the endpoint calls with each request that it answered."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from random import random
from types import TracebackType
from typing import Self

from tfx_endpoint.request_logging.rules import LogRules
from tfx_endpoint.request_logging.waiting import Drawn, Waiting
from tfx_endpoint.request_logging.writer import LogWriter
from tfx_endpoint.request_logging.writing_process import WritingProcess
from tfx_endpoint.served import ServedRequest
from tfx_endpoint.settings import LogSettings
from tfx_request_log import RequestLog
from tfx_request_log.place import key_file

_log = logging.getLogger(__name__)

_DATABASE_SECONDS = 5.0


class RequestLogger:
    """Samples requests and hands them to a writer; never waits, never raises.

    To be called from one thread. Requests wait in a bounded queue, also while the database is away;
    those that find it full are counted as lost. Any thread may read the counters.

    Args:
      settings: Where the log is, and how much may wait.
      folder: The endpoint's folder, with the key of the hashes.
      dags: The folder of the models' folders.
      purge_seconds: Time between two looks for rows that are too old.

    Raises:
      InputError: the log's URL is none.
      SetupError: its driver is not installed.
    """

    def __init__(
        self, settings: LogSettings, folder: Path, dags: Path, purge_seconds: float = 180.0
    ) -> None:
        self.log = RequestLog(settings.url, timeout=_DATABASE_SECONDS)
        self._rules = LogRules(dags)
        self._waiting = Waiting(settings)
        self._refused = 0
        self._closed = False
        self._writer = LogWriter(
            self.log,
            WritingProcess(settings.url, _DATABASE_SECONDS),
            self._waiting,
            self._rules,
            key_file(folder),
            settings.flush_seconds,
            purge_seconds,
        )

    def __call__(self, request: ServedRequest) -> None:
        """Keeps one request when its turn comes up in the sample."""
        lot = random()
        if lot < self._rules.sample_rate(request.model):
            self._refused += not self._waiting.give(Drawn(lot, request))

    @property
    def queued(self) -> int:
        """Requests that wait to be written."""
        return self._waiting.requests

    @property
    def written(self) -> int:
        """Requests that were written."""
        return self._writer.written

    @property
    def lost(self) -> int:
        """Requests that were to be kept, and are not."""
        return self._refused + self._writer.unwritable

    @property
    def unruled(self) -> int:
        """Requests that were not kept because their model has no good `serving` in model.yaml."""
        return self._writer.unruled

    @property
    def withheld(self) -> int:
        """Instances of written requests that were left out, since they could not be searched."""
        return self._writer.withheld

    @property
    def failing_since(self) -> datetime | None:
        """Since when the database cannot be written; None: it can."""
        return self._writer.failing_since

    @property
    def last_error(self) -> str | None:
        """What went wrong last, perhaps long ago."""
        return self._writer.last_error

    def start(self) -> None:
        """Starts the writer, which makes the log's tables."""
        self._writer.start()

    def flush(self, timeout: float) -> bool:
        """Waits until all that waits now is written; False when that takes longer."""
        return self._waiting.wait_until_settled(timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Writes what waits, within `timeout` seconds; the rest is counted as lost."""
        if self._closed:
            return
        self._closed = True
        self._writer.stop(timeout)
        if remaining := self.queued:
            self._refused += remaining
            _log.error("%d requests are not in the log: %s", remaining, self.last_error)
        self.log.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
