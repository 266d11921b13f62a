"""What each deployed model answered since the process started: every request, none sampled."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

# Each bucket ends a fifth above the one before: 0.1 ms to about two minutes.
_FIRST_MS, _RATIO = 0.1, 1.2
BOUNDS_MS = [_FIRST_MS * _RATIO**n for n in range(78)]
_LOG_RATIO = math.log(_RATIO)


class Counters:
    """Requests to one deployed model, by outcome and latency.

    `errors` are the server's and the model's failures, HTTP 5xx; what callers did wrong, and what
    was turned away because the queue was full, stands in `rejected`.
    """

    __slots__ = ("codes", "latencies", "predictions", "seconds", "shadow_dropped")

    def __init__(self) -> None:
        self.codes: Counter[int] = Counter()
        self.predictions = 0
        self.latencies = [0] * (len(BOUNDS_MS) + 1)
        self.seconds = 0.0
        self.shadow_dropped = 0

    def answered(self, predictions: int, seconds: float) -> None:
        """Counts a request that got its predictions."""
        self.codes[200] += 1
        self.predictions += predictions
        self.seconds += seconds
        self.latencies[_bucket(seconds * 1_000)] += 1

    def failed(self, code: int) -> None:
        """Counts a request that got an error instead."""
        self.codes[code] += 1

    @property
    def requests(self) -> int:
        return self.codes.total()

    @property
    def errors(self) -> int:
        return sum(count for code, count in self.codes.items() if code >= 500)

    @property
    def rejected(self) -> int:
        return sum(count for code, count in self.codes.items() if 400 <= code < 500)

    def percentile_ms(self, share: float) -> float | None:
        """The latency that a share of the answered requests stayed under; None without any."""
        total = sum(self.latencies)
        if not total:
            return None
        left = share * total
        for index, count in enumerate(self.latencies):
            if count >= left and count:
                return round(_between(index, left / count), 3)
            left -= count
        return BOUNDS_MS[-1]

    def as_json(self) -> dict[str, Any]:
        """For whoever compares two deployed models; two readings can be subtracted."""
        return {
            "requests": self.requests,
            "errors": self.errors,
            "rejected": self.rejected,
            "codes": {str(code): count for code, count in sorted(self.codes.items())},
            "predictions": self.predictions,
            "shadow_dropped": self.shadow_dropped,
            "latency_ms": {
                f"p{percent}": self.percentile_ms(percent / 100) for percent in (50, 95, 99)
            },
            "histogram": {
                "upper_bounds_ms": [round(bound, 4) for bound in BOUNDS_MS],
                "counts": list(self.latencies),
            },
        }


def _bucket(ms: float) -> int:
    if ms <= _FIRST_MS:
        return 0
    return min(math.ceil(math.log(ms / _FIRST_MS) / _LOG_RATIO), len(BOUNDS_MS))


def _between(index: int, share: float) -> float:
    """A point inside a bucket; the last one has no upper end."""
    if index == len(BOUNDS_MS):
        return BOUNDS_MS[-1]
    low = BOUNDS_MS[index - 1] if index else 0.0
    return low + (BOUNDS_MS[index] - low) * share
