"""Outputs of a signature as plain JSON values.

Floats get the shortest digits that tell them apart in their own precision (0.1, never
0.10000000149011612), as TF Serving writes them. JSON has no NaN and no infinity: both become null.
Texts are texts where they are UTF-8; an output whose name ends in `_bytes`, and whatever is no
UTF-8, is `{"b64": "..."}`.
"""

from __future__ import annotations

from binascii import b2a_base64
from typing import Any

import numpy as np
import orjson
from pydantic import JsonValue

from tfx_endpoint.errors import invalid
from tfx_endpoint.serving.loaded import Arrays

_BYTES_SUFFIX = "_bytes"


def encode_rows(outputs: Arrays, rows: int) -> list[JsonValue]:
    """One prediction for each instance: a bare value, or an object when there are more outputs.

    Raises:
      RequestError: INVALID_ARGUMENT; an output has no value for each instance.
    """
    for name, array in outputs.items():
        if array.shape[:1] != (rows,):
            raise invalid(
                f"output '{name}' of shape {list(array.shape)} has no value for each of the {rows} "
                "instances; ask with 'inputs', all rows in one, instead of 'instances'"
            )
    columns = [_values(name, array) for name, array in outputs.items()]
    if len(columns) == 1:
        predictions: list[JsonValue] = columns[0]
        return predictions
    return [dict(zip(outputs, row, strict=True)) for row in zip(*columns, strict=True)]


def encode_columns(outputs: Arrays) -> JsonValue:
    """All values of the one output, or an object of outputs."""
    columns: dict[str, JsonValue] = {name: _values(name, array) for name, array in outputs.items()}
    return columns if len(columns) != 1 else next(iter(columns.values()))


def _values(name: str, array: np.ndarray[Any, Any]) -> Any:
    if array.ndim == 0:
        return _values(name, array[np.newaxis])[0]
    if array.dtype == object:
        return _texts(array.tolist(), as_bytes=name.endswith(_BYTES_SUFFIX))
    if array.dtype.kind not in "fiub" or array.dtype == np.float16:
        array = array.astype(np.float32)
    encoded = orjson.dumps(np.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY)
    return orjson.loads(encoded)


def _texts(value: Any, as_bytes: bool) -> Any:
    if isinstance(value, list):
        return [_texts(item, as_bytes) for item in value]
    if not as_bytes:
        try:
            return value.decode()
        except UnicodeDecodeError:
            pass
    return {"b64": b2a_base64(value, newline=False).decode()}
