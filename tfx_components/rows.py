"""Rows of raw columns as the tensors that a SavedModel's signatures take. Plain TensorFlow only.

A row is a mapping from column to value. A missing value is `null`, or the column left out; in a
dense tensor it travels as NaN in a floating-point column and as '' in a column of text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

Row = Mapping[str, Any]


def columns_from_rows(
    rows: Sequence[Row], inputs: Mapping[str, tf.TensorSpec]
) -> dict[str, tf.Tensor]:
    """One dense tensor for each input of a signature.

    Raises:
      ValueError: a value is missing in a column whose type cannot say so.
    """
    return {name: _dense([row.get(name) for row in rows], name, s) for name, s in inputs.items()}


def examples_from_rows(rows: Sequence[Row], types: Mapping[str, tf.DType]) -> tf.Tensor:
    """Serialized `tf.Example`s; a missing value is a feature left out."""
    return tf.constant([_example(row, types).SerializeToString() for row in rows])


def is_missing(value: Any) -> bool:
    """Whether a value of a row is no value."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _dense(values: list[Any], name: str, spec: tf.TensorSpec) -> tf.Tensor:
    missing = math.nan if spec.dtype.is_floating else ""
    if not spec.dtype.is_floating and spec.dtype != tf.string and any(map(is_missing, values)):
        raise ValueError(f"column '{name}' is of type {spec.dtype.name} and cannot be missing")
    filled = [missing if is_missing(value) else value for value in values]
    shape = [len(filled)] + [1] * ((spec.shape.rank or 1) - 1)
    return tf.reshape(tf.constant(filled, dtype=spec.dtype), shape)


def _example(row: Row, types: Mapping[str, tf.DType]) -> tf.train.Example:
    present = {name: row[name] for name in types if not is_missing(row.get(name))}
    features = {name: _feature(value, types[name]) for name, value in present.items()}
    return tf.train.Example(features=tf.train.Features(feature=features))


def _feature(value: Any, dtype: tf.DType) -> tf.train.Feature:
    if dtype == tf.string:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[str(value).encode()]))
    if dtype.is_integer:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[int(value)]))
    return tf.train.Feature(float_list=tf.train.FloatList(value=[float(value)]))
