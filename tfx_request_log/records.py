"""What the log holds, as plain records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

# What stands for a payload that could not be kept without what has to be left out.
WITHHELD = "null"


@dataclass(frozen=True)
class LoggedRequest:
    """One request with its answer: one row, however many instances it has.

    Both payloads hold one JSON text per instance, in the same order; so does `groundtruth`, with
    the values themselves. Requests that a shadow version answered, too, share their id.
    """

    request_id: int
    logging_time: datetime
    endpoint: str
    deployed_model_id: str
    model: str
    model_version: str
    version: int | None
    signature: str
    latency_ms: float
    shadow: bool
    request_payload: list[str]
    response_payload: list[str]
    groundtruth: list[Any] | None = None
    groundtruth_time: datetime | None = None


class Payload(NamedTuple):
    """A request as the log holds it, for whoever counts many: nothing of it is decoded.

    `request`, `response` and `groundtruth` are JSON arrays with one element per instance; the
    elements of the first two are JSON texts themselves.
    """

    signature: str
    request: str
    response: str
    groundtruth: str | None


@dataclass(frozen=True)
class LogStatistics:
    """What the log holds of one model; `oldest` and `newest` are times of requests."""

    model: str
    requests: int
    instances: int
    shadow_requests: int
    with_groundtruth: int
    oldest: datetime
    newest: datetime
