"""Takes logged requests apart: instances, predictions, and what turned out to be true."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import orjson

from tfx_request_log.records import Payload


@dataclass
class Parts:
    """What many requests were asked and answered.

    Attributes:
      instances: JSON texts.
      predictions: JSON texts, in the same order.
      labelled: Pairs of a prediction and its ground truth.
      malformed: Requests that do not hold what their table says.
      others: Requests to other signatures.
    """

    instances: list[str] = field(default_factory=list)
    predictions: list[str] = field(default_factory=list)
    labelled: list[tuple[str, Any]] = field(default_factory=list)
    malformed: int = 0
    others: int = 0


class _Malformed(Exception):
    """A request that does not hold what its table says."""


def take_apart(payloads: Sequence[Payload], signatures: Container[str]) -> Parts:
    """Takes requests apart.

    Args:
      payloads: As the log holds them.
      signatures: Those that are asked with rows of raw columns.
    """
    chosen = [payload for payload in payloads if payload.signature in signatures]
    try:
        parts = _together(chosen)
    except _Malformed:
        # One of them is not like the others.
        parts = _one_by_one(chosen)
    parts.others = len(payloads) - len(chosen)
    return parts


def _together(payloads: Sequence[Payload]) -> Parts:
    """Decodes all of them in one go, which takes a third of the time."""
    asked = _lists([payload.request for payload in payloads])
    answered = _lists([payload.response for payload in payloads])
    if list(map(len, asked)) != list(map(len, answered)):
        raise _Malformed
    parts = Parts(list(chain.from_iterable(asked)), list(chain.from_iterable(answered)))
    if not (_all(str, parts.instances) and _all(str, parts.predictions)):
        raise _Malformed
    for payload, predictions in zip(payloads, answered, strict=True):
        if payload.groundtruth is not None:
            parts.labelled += _labelled(payload.groundtruth, predictions)
    return parts


def _one_by_one(payloads: Sequence[Payload]) -> Parts:
    parts = Parts()
    for payload in payloads:
        try:
            one = _together([payload])
        except _Malformed:
            parts.malformed += 1
            continue
        parts.instances += one.instances
        parts.predictions += one.predictions
        parts.labelled += one.labelled
    return parts


def _lists(texts: Sequence[str]) -> list[list[Any]]:
    found: list[Any] = _decode(f"[{','.join(texts)}]")
    if len(found) != len(texts) or not _all(list, found):
        raise _Malformed
    return found


def _all(kind: type, values: Sequence[Any]) -> bool:
    return set(map(type, values)) <= {kind}


def _labelled(text: str, predictions: Sequence[str]) -> list[tuple[str, Any]]:
    labels = _decode(text)
    if not isinstance(labels, list) or len(labels) != len(predictions):
        raise _Malformed
    return [
        (prediction, label)
        for prediction, label in zip(predictions, labels, strict=True)
        if label is not None
    ]


def _decode(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _Malformed from None
