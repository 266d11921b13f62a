"""Ground truth for requests that were sent a moment ago."""

from __future__ import annotations

import time
from collections.abc import Mapping

from pydantic import JsonValue

from tfx_request_log import RequestLog

# The endpoint writes its log beside the answers, within a second as a rule.
_PATIENCE_SECONDS = 3.0
_POLL_SECONDS = 0.3


def store_labels(
    log: RequestLog,
    model: str,
    labels: Mapping[int, list[JsonValue]],
    patience: float = _PATIENCE_SECONDS,
) -> int:
    """Stores what is true, as requests come into the log; returns of how many it holds.

    Args:
      log: The log.
      model: Whose requests.
      labels: By request id, a value for each instance.
      patience: Seconds without a new request after which no more are expected: the log may be a
        sample.
    """
    missing = dict(labels)
    deadline = time.monotonic() + patience
    while missing:
        unknown = log.set_ground_truth(missing, model=model)
        if len(unknown) < len(missing):
            deadline = time.monotonic() + patience
        missing = {request_id: labels[request_id] for request_id in unknown}
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS if missing else 0)
    return len(labels) - len(missing)
