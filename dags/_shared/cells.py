"""Raw columns as Transform gives them: sparse, since a cell may be blank."""

from __future__ import annotations

import tensorflow as tf
import tensorflow_transform as tft


def transformed(column: str) -> str:
    """The name of a column after the transformation."""
    return f"{column}_xf"


def dense(column: tf.SparseTensor, missing: tf.Tensor) -> tf.Tensor:
    """The first value of each row, or `missing`; its shape is [rows, 1]."""
    shape = [column.dense_shape[0], 1]
    return tf.sparse.to_dense(tf.SparseTensor(column.indices, column.values, shape), missing)


def scaled(column: tf.SparseTensor) -> tf.Tensor:
    """Scaled to mean 0 and deviation 1; a missing value becomes the mean."""
    return dense(tft.scale_to_z_score(numbers(column)), tf.constant(0.0))


def numbers(column: tf.SparseTensor) -> tf.SparseTensor:
    """The same values as floats, whatever kind of number they are."""
    values = tf.cast(column.values, tf.float32)
    return tf.SparseTensor(column.indices, values, column.dense_shape)
