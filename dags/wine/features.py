"""From the chemical analysis of a wine to the features of the model."""

from __future__ import annotations

import tensorflow as tf
from cells import dense, scaled, transformed

LABEL = "cultivar"
CULTIVARS = 3

RAW_COLUMNS = (
    "alcohol",
    "malic_acid",
    "ash",
    "alcalinity_of_ash",
    "magnesium",
    "total_phenols",
    "flavanoids",
    "nonflavanoid_phenols",
    "proanthocyanins",
    "color_intensity",
    "hue",
    "od280_od315",
    "proline",
)


def preprocessing_fn(inputs: dict[str, tf.SparseTensor]) -> dict[str, tf.Tensor]:
    """TensorFlow Transform's callback; every feature it returns has the shape [rows, 1]."""
    outputs = {transformed(column): scaled(inputs[column]) for column in RAW_COLUMNS}
    outputs[transformed(LABEL)] = dense(inputs[LABEL], tf.constant(0, tf.int64))
    return outputs
