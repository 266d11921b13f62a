"""Rows out of `tf.Example`s and tensors, with values that JSON can hold.

A feature without a value is null, and so is a number that is not finite: JSON has none of these.
Bytes are text when they are UTF-8, and `{"b64": …}` otherwise, as TensorFlow Serving has it.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
import tensorflow as tf


def row_of_example(serialized: bytes) -> dict[str, Any]:
    """The columns of a `tf.Example` by name, in the order of their names."""
    features = tf.train.Example.FromString(serialized).features.feature
    return {name: _value_of(features[name]) for name in sorted(features)}


def plain_value(values: Any) -> Any:
    """What one row of a tensor holds: one value, or a list of them."""
    flat = [_plain(value) for value in np.ravel(values)]
    return flat[0] if len(flat) == 1 else flat


def _value_of(feature: tf.train.Feature) -> Any:
    kind = feature.WhichOneof("kind")
    # A float of 32 bits: as a Python float, 13.2 would be 13.199999809265137.
    convert = np.float32 if kind == "float_list" else None
    values = list(getattr(feature, kind).value) if kind else []
    flat = [_plain(convert(value) if convert else value) for value in values]
    return flat[0] if len(flat) == 1 else flat or None


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return _text(value)
        case np.floating():
            return float(str(value)) if math.isfinite(value) else None
        case np.generic():
            return _plain(value.item())
    return value


def _text(value: bytes) -> Any:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode("ascii")}
