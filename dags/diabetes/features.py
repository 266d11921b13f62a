"""From a patient's measurements to the features of the model."""

from __future__ import annotations

import tensorflow as tf
from cells import dense, numbers, scaled, transformed

LABEL = "progression"

# Age, sex, body mass index, blood pressure, and six values of the blood serum.
RAW_COLUMNS = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def preprocessing_fn(inputs: dict[str, tf.SparseTensor]) -> dict[str, tf.Tensor]:
    """TensorFlow Transform's callback; every feature it returns has the shape [rows, 1]."""
    outputs = {transformed(column): scaled(inputs[column]) for column in RAW_COLUMNS}
    outputs[transformed(LABEL)] = dense(numbers(inputs[LABEL]), tf.constant(0.0))
    return outputs
