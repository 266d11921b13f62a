"""Makes rows of answered requests, by the rules of their models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfx_contract.serving_spec import RequestLog
from tfx_endpoint.request_logging.privacy import Privacy
from tfx_endpoint.request_logging.waiting import Drawn
from tfx_endpoint.served import ServedRequest
from tfx_request_log import LoggedRequest
from tfx_request_log.hashing import KeyedHash
from tfx_request_log.records import WITHHELD


@dataclass(frozen=True)
class Batch:
    """Rows to write, and what came of the requests that are not among them.

    `persons` are keyed hashes by request id.
    """

    rows: list[LoggedRequest]
    persons: dict[int, set[str]]
    unruled: int
    withheld: int
    unwritable: int
    error: str | None


def make_batch(
    drawn: Sequence[Drawn], rules: Mapping[str, RequestLog | None], hashes: KeyedHash
) -> Batch:
    """Leaves out what is not to be kept; a request that cannot become a row harms no other.

    Args:
      drawn: The requests.
      rules: By model; None: nothing of it is kept.
      hashes: The installation's keyed hash.
    """
    privacies: dict[str, Privacy] = {}
    rows: list[LoggedRequest] = []
    persons: dict[int, set[str]] = {}
    unruled = unwritable = 0
    error = None
    for one in drawn:
        request = one.request
        if (found := rules.get(request.model)) is None:
            unruled += 1
            continue
        if one.lot >= found.sample_rate:
            continue
        privacy = privacies.setdefault(request.model, Privacy(found, hashes))
        try:
            row, hashed = _row(request, privacy)
        except Exception as mistake:
            # The message could hold a value that is not to be kept.
            unwritable, error = unwritable + 1, f"a request is no JSON: {type(mistake).__name__}"
            continue
        rows.append(row)
        if hashed:
            persons.setdefault(request.request_id, set()).update(hashed)
    withheld = sum(row.request_payload.count(WITHHELD) for row in rows)
    return Batch(rows, persons, unruled, withheld, unwritable, error)


def _row(request: ServedRequest, privacy: Privacy) -> tuple[LoggedRequest, set[str]]:
    payload, persons = privacy.request(request.instances, request.signature)
    row = LoggedRequest(
        request_id=request.request_id,
        logging_time=request.at,
        endpoint=request.endpoint,
        deployed_model_id=request.deployed_model_id,
        model=request.model,
        model_version=request.model_version,
        version=request.version,
        signature=request.signature,
        latency_ms=request.latency_ms,
        shadow=request.shadow,
        request_payload=payload,
        response_payload=privacy.response(request.predictions, request.signature),
    )
    return row, persons
