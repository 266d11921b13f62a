"""What users asked one version in a span of time, wherever it is read."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from tfx_request_log import RequestLog


@dataclass(frozen=True)
class LoggedWindow:
    """What users asked a version: `since` is in it, `until` is not."""

    log_url: str
    model: str
    version: int
    since: datetime
    until: datetime

    @property
    def chosen(self) -> tuple[str, datetime, datetime, int]:
        """What the log's methods are asked for."""
        return self.model, self.since, self.until, self.version

    @contextmanager
    def open_log(self) -> Iterator[RequestLog]:
        """The log.

        Raises:
          SetupError: there is none.
        """
        log = RequestLog(self.log_url)
        try:
            log.check()
            yield log
        finally:
            log.close()

    def cut(self, parts: int) -> list[LoggedWindow]:
        """Windows of the same length that are this one together."""
        length = (self.until - self.since) / parts
        times = [*(self.since + number * length for number in range(parts)), self.until]
        return [
            replace(self, since=since, until=until) for since, until in itertools.pairwise(times)
        ]
