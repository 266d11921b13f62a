"""Reads one logged instance, when it is not like the others."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pyarrow as pa

_BYTES = {"b64"}


class Unfit(Exception):
    """What cannot be a row of these columns."""


def read_row(text: str, types: Mapping[str, pa.DataType]) -> dict[str, list[Any] | None] | bytes:
    """The values of each column, None for none; or the bytes of a serialized tf.Example.

    Raises:
      Unfit: it is no JSON object, or a value is not of its column's type.
    """
    try:
        instance = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Unfit from None
    if not isinstance(instance, dict):
        raise Unfit
    inner = next(iter(instance.values()), None) if len(instance) == 1 else None
    if instance.keys() == _BYTES or (isinstance(inner, dict) and inner.keys() == _BYTES):
        return _bytes(instance if instance.keys() == _BYTES else inner)
    return {name: read_values(instance.get(name), kind) for name, kind in types.items()}


def read_values(value: Any, kind: pa.DataType) -> list[Any] | None:
    """The values of one column, None for none.

    Raises:
      Unfit: a value is not of this type.
    """
    if value is None:
        return None
    read = _READERS[kind]
    return [read(item) for item in value] if isinstance(value, list) else [read(value)]


def _whole(value: Any) -> int:
    if not isinstance(value, int | float) or value != value // 1 or not -(2**63) <= value < 2**63:
        raise Unfit
    return int(value)


def _number(value: Any) -> float:
    if not isinstance(value, int | float):
        raise Unfit
    return float(value)


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (TypeError, KeyError, ValueError, binascii.Error):
        raise Unfit from None


_READERS: dict[pa.DataType, Callable[[Any], Any]] = {
    pa.int64(): _whole,
    pa.float32(): _number,
    pa.large_binary(): _bytes,
}
