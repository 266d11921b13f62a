"""Golden requests as a client of the endpoint sends them, and what the SavedModel answers.

This is TF Serving's row format: a prediction is the bare value where the signature has one output,
and otherwise an object of outputs. A missing value is null.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import numpy as np
from pydantic import JsonValue

from tfx_components.example_rows import plain_value
from tfx_contract.manifest import GoldenAnswers

_JSON_SIGNATURE = "serving_json"
_DEFAULT_SIGNATURE = "serving_default"
# TF Serving writes an output of that name as {"b64": …}, whatever it holds.
_BYTES_SUFFIX = "_bytes"

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]


class Takes(Enum):
    """What a signature is called with."""

    COLUMNS = auto()
    EXAMPLES = auto()
    FEATURES = auto()


@dataclass(frozen=True)
class Call:
    """What a signature was given for the golden requests, and what it gave."""

    takes: Takes
    inputs: Arrays
    outputs: Arrays


def golden_answers(calls: Mapping[str, Call]) -> GoldenAnswers:
    """Those of the signature that a client would choose: of columns, otherwise the default one."""
    signature = _signature(calls)
    call = calls[signature]
    return GoldenAnswers(
        signature=signature, instances=_instances(call), predictions=_predictions(call)
    )


def _signature(calls: Mapping[str, Call]) -> str:
    of_columns = calls.get(_JSON_SIGNATURE)
    if of_columns and of_columns.takes is Takes.COLUMNS:
        return _JSON_SIGNATURE
    return _DEFAULT_SIGNATURE if _DEFAULT_SIGNATURE in calls else next(iter(calls))


def _instances(call: Call) -> list[JsonValue]:
    if call.takes is Takes.EXAMPLES:
        [examples] = call.inputs.values()
        return [_base64(example) for example in examples]
    rows: list[JsonValue] = list(_rows(call.inputs))
    return [_null_for_no_text(row) for row in rows] if call.takes is Takes.COLUMNS else rows


def _predictions(call: Call) -> list[JsonValue]:
    texts = [name for name, array in call.outputs.items() if array.dtype == object]
    rows = _rows(call.outputs, [name for name in texts if name.endswith(_BYTES_SUFFIX)])
    return [next(iter(row.values())) if len(row) == 1 else row for row in rows]


def _rows(arrays: Arrays, as_bytes: Collection[str] = ()) -> list[dict[str, JsonValue]]:
    count = len(next(iter(arrays.values())))
    return [
        {name: _nested(array[i, ...], name in as_bytes) for name, array in arrays.items()}
        for i in range(count)
    ]


def _nested(values: Array, as_bytes: bool = False) -> JsonValue:
    """Lists as deep as the tensor; floats as short as their own precision allows."""
    if values.ndim:
        return [_nested(values[i, ...], as_bytes) for i in range(len(values))]
    if as_bytes:
        return _base64(values.item())
    plain: JsonValue = plain_value(values)
    return plain


def _base64(value: bytes) -> JsonValue:
    return {"b64": base64.b64encode(value).decode("ascii")}


def _null_for_no_text(value: JsonValue) -> JsonValue:
    """A column of text says by '' that there is no value."""
    match value:
        case dict():
            return {name: _null_for_no_text(item) for name, item in value.items()}
        case list():
            return [_null_for_no_text(item) for item in value]
    return None if value == "" else value
