"""How far apart the predictions of two versions lie, from the request log."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from tfx_airflow.serving.verdict import Finding, compare_predictions
from tfx_contract.errors import TfxAirflowError
from tfx_request_log.log import RequestLog
from tfx_request_log.records import WITHHELD

_ROWS = 5_000
# With fewer, two samples of one distribution lie as far apart as two distributions.
_LEAST_ROWS = 50
_BINS = 10
_PARTS = 50

Parts = dict[str, list[object]]


def compare_logged(
    url: str, model: str, versions: tuple[int, int], since: datetime, most: float | None
) -> Finding:
    """Compares what two versions predicted since a moment; a log that is missing says so.

    Args:
      url: SQLAlchemy URL of the request log.
      model: The model's name.
      versions: The new version and the live one.
      since: When the canary's step began.
      most: The Jensen-Shannon distance that is allowed; None: nothing is compared.
    """
    if most is None:
        return compare_predictions(None, 0, 0, None)
    from sqlalchemy.exc import SQLAlchemyError

    try:
        new, old = (read_predictions(url, model, version, since) for version in versions)
    except (SQLAlchemyError, TfxAirflowError) as error:
        why = f"the request log cannot be read ({str(error).splitlines()[0]})"
        return compare_predictions(None, 0, 0, most, why)
    if min(len(new), len(old)) < _LEAST_ROWS:
        why = f"the request log has {len(new)} and {len(old)}, fewer than {_LEAST_ROWS}"
        return compare_predictions(None, len(new), len(old), most, why)
    return compare_predictions(largest_distance(new, old), len(new), len(old), most)


def read_predictions(url: str, model: str, version: int, since: datetime) -> list[object]:
    """The newest predictions that one version made since a moment, shadow answers included.

    Raises:
      TfxAirflowError: there is no log.
      SQLAlchemyError: its database does not answer.
    """
    log = RequestLog(url)
    try:
        log.check()
        rows = log.read(model, since=since, version=version, limit=_ROWS, shadow=None)
        payloads = [text for row in rows for text in row.response_payload]
    finally:
        log.close()
    return [json.loads(text) for text in payloads[:_ROWS] if text != WITHHELD]


def largest_distance(new: Sequence[object], old: Sequence[object]) -> float:
    """The Jensen-Shannon distance of that part of the predictions which differs most.

    A part is a number or a text of a prediction, such as `scores[2]`.
    """
    ours, theirs = _parts(new), _parts(old)
    if ours.keys() != theirs.keys():
        return 1.0
    return max((distance(ours[name], theirs[name]) for name in ours), default=0.0)


def distance(new: Sequence[object], old: Sequence[object]) -> float:
    """The Jensen-Shannon distance of two samples, base 2: 0 for equal ones, 1 for disjoint ones.

    Numbers are put into at most ten bins of about as many values each, and fewer for few values:
    every bin adds to the distance that chance makes.
    """
    edges = _edges([*_numbers(new), *_numbers(old)], min(len(new), len(old)))
    return math.sqrt(max(0.0, _divergence(_shares(new, edges), _shares(old, edges))))


def _divergence(p: dict[object, float], q: dict[object, float]) -> float:
    total = 0.0
    for value in p.keys() | q.keys():
        a, b = p.get(value, 0.0), q.get(value, 0.0)
        middle = (a + b) / 2
        total += sum(x * math.log2(x / middle) / 2 for x in (a, b) if x)
    return total


def _edges(pooled: list[float], rows: int) -> list[float]:
    ordered = sorted(pooled)
    bins = max(2, min(_BINS, math.isqrt(rows)))
    return sorted({ordered[len(ordered) * i // bins] for i in range(1, bins)}) if ordered else []


def _shares(values: Sequence[object], edges: list[float]) -> dict[object, float]:
    counted = Counter(_bin(value, edges) for value in values)
    return {value: count / len(values) for value, count in counted.items()}


def _bin(value: object, edges: list[float]) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return sum(edge <= value for edge in edges)
    return str(value)


def _numbers(values: Iterable[object]) -> list[float]:
    return [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]


def _parts(predictions: Sequence[object]) -> Parts:
    parts: Parts = {}
    for prediction in predictions:
        _collect("", prediction, parts)
    return parts


def _collect(name: str, value: object, parts: Parts) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _collect(f"{name}.{key}", item, parts)
    elif isinstance(value, list):
        for index, item in enumerate(value[:_PARTS]):
            _collect(f"{name}[{index}]", item, parts)
    else:
        parts.setdefault(name, []).append(value)
