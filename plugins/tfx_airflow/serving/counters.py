"""What a deployed model has answered, counted since it was deployed, and since a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Counters:
    """Requests of one deployed model, every one of them counted.

    Args:
      requests: How many were answered, errors included.
      errors: How many got an error. Whose fault it was does not matter: callers' mistakes come to
        both versions alike, and a version that refuses what the other one takes is to be noticed.
      since: When counting began; another one means that the process was started anew.
      bounds: Upper bounds of the latency's buckets in milliseconds, the last one open.
      buckets: Answers in each bucket; one more than there are bounds.
    """

    requests: int = 0
    errors: int = 0
    since: str = ""
    bounds: tuple[float, ...] = ()
    buckets: tuple[int, ...] = ()

    @property
    def error_rate(self) -> float:
        return self.errors / self.requests if self.requests else 0.0

    @property
    def timed(self) -> int:
        """Answers whose latency is known."""
        return sum(self.buckets)

    def quantile(self, share: float) -> float:
        """A quantile of the latency in milliseconds, linear inside of a bucket; 0 without any."""
        if not self.timed:
            return 0.0
        wanted, below = share * self.timed, 0.0
        edges = [0.0, *self.bounds, self.bounds[-1]]
        for (low, high), count in zip(pairwise(edges), self.buckets, strict=True):
            if count and below + count >= wanted:
                return low + (high - low) * (wanted - below) / count
            below += count
        return 0.0

    def beyond(self, start: Counters) -> Counters:
        """What was counted after `start`; all of it when counting began anew in between."""
        if start.since != self.since or start.requests > self.requests:
            return self
        pairs = zip(self.buckets, start.buckets or (0,) * len(self.buckets), strict=True)
        return Counters(
            requests=self.requests - start.requests,
            errors=self.errors - start.errors,
            since=self.since,
            bounds=self.bounds,
            buckets=tuple(now - before for now, before in pairs),
        )

    def as_json(self) -> dict[str, Any]:
        """As a trigger or an XCom carries them."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Counters:
        """The inverse of `as_json`."""
        values = dict(document)
        for name in ("bounds", "buckets"):
            values[name] = tuple(values.get(name) or ())
        return cls(**values)
