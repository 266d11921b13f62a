"""Predictions as columns, so that they can be compared like any other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

PREDICTION = "prediction"
# A vector of more classes is told well enough by its first ones and by the largest.
_MOST_ELEMENTS = 20
_NUMBER, _TEXT = pa.float32(), pa.large_binary()


def decoded(texts: Sequence[str]) -> list[Any]:
    """The predictions of JSON texts; what is no JSON becomes null."""
    try:
        values: list[Any] = orjson.loads(f"[{','.join(texts)}]")
    except orjson.JSONDecodeError:
        values = []
    return values if len(values) == len(texts) else [_decoded_alone(text) for text in texts]


def prediction_rows(predictions: Sequence[Any]) -> pa.RecordBatch:
    """A row for each prediction, a column for each part of it; every value a list of one.

    A bare value is `prediction`; an output by name is `prediction.NAME`; the elements of a list
    are `prediction[0]` and so on, and the place of the largest is a category. Where some are texts
    and some numbers, the texts are a column of their own.

    Args:
      predictions: As JSON has them.
    """
    columns = _columns_of_array(predictions) or _columns(predictions)
    return pa.RecordBatch.from_pydict(
        {name: _lists(values, kind) for (name, kind), values in columns.items()}
    )


_Columns = dict[tuple[str, pa.DataType], Any]


def _columns_of_array(predictions: Sequence[Any]) -> _Columns:
    """All at once, where all are numbers, or lists of as many numbers; empty otherwise."""
    try:
        array = np.asarray(predictions)
    except ValueError:
        return {}
    if array.dtype.kind not in "fiu" or array.ndim not in (1, 2) or not array.size:
        return {}
    if array.ndim == 1:
        return {(PREDICTION, _NUMBER): array}
    columns: _Columns = {
        (f"{PREDICTION}[{place}]", _NUMBER): array[:, place]
        for place in range(min(array.shape[1], _MOST_ELEMENTS))
    }
    if array.shape[1] > 1:
        largest = [str(place).encode() for place in array.argmax(axis=1)]
        columns[f"largest of {PREDICTION}", _TEXT] = largest
    return columns


def _columns(predictions: Sequence[Any]) -> _Columns:
    columns: dict[tuple[str, pa.DataType], list[Any]] = {}
    for row, prediction in enumerate(predictions):
        for name, value in _parts(PREDICTION, prediction):
            kind = _TEXT if isinstance(value, bytes) else _NUMBER
            column = columns.setdefault((name, kind), [None] * len(predictions))
            column[row] = value
    mixed = {name for name, kind in columns if kind == _NUMBER}
    return {
        (f"{name} as text" if kind == _TEXT and name in mixed else name, kind): values
        for (name, kind), values in columns.items()
    }


def _parts(name: str, value: Any) -> Iterator[tuple[str, float | bytes]]:
    match value:
        case bool():
            yield name, str(value).lower().encode()
        case int() | float():
            yield name, float(value)
        case str():
            yield name, value.encode("utf-8", "surrogatepass")
        case dict():
            for key, item in value.items():
                yield from _parts(f"{name}.{key}", item)
        case list():
            for place, item in enumerate(value[:_MOST_ELEMENTS]):
                yield from _parts(f"{name}[{place}]", item)
            if len(value) > 1 and all(isinstance(item, int | float) for item in value):
                yield (
                    f"largest of {name}",
                    str(max(range(len(value)), key=value.__getitem__)).encode(),
                )


def _lists(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """A column of lists of one value each; no value is no list."""
    flat = pa.array(values, pa.float64() if kind == _NUMBER else kind, from_pandas=True)
    ends = np.cumsum(flat.is_valid().to_numpy(zero_copy_only=False))
    offsets = pa.array(np.concatenate([[0], ends]), pa.int64())
    present = flat.drop_null().cast(kind)
    return pa.LargeListArray.from_arrays(offsets, present, mask=flat.is_null())


def _decoded_alone(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
