"""From raw columns of taxi trips to the features of the model. A blank is a missing value."""

from __future__ import annotations

import tensorflow as tf
import tensorflow_transform as tft

LABEL = "tips"
FARE = "fare"

# Scaled to mean 0; a missing value becomes the mean.
NUMBERS = ("fare", "trip_miles", "trip_seconds")

# Small integers that stand for themselves, with the largest; 0 also stands for a missing value.
CODES = {
    "trip_start_hour": 23,
    "trip_start_day": 7,
    "trip_start_month": 12,
    "pickup_community_area": 77,
    "dropoff_community_area": 77,
}

# Texts, with how many of them have an index of their own; all others share one more.
TEXTS = {"payment_type": 10, "company": 50}

PAYMENT_BY_HOUR = "payment_type_by_hour_xf"
RAW_COLUMNS = (*NUMBERS, *CODES, *TEXTS)

_MISSING_TEXT = "(missing)"
_BIG_TIP = 0.2


def transformed(column: str) -> str:
    """The name of a column after the transformation."""
    return f"{column}_xf"


def sizes() -> dict[str, int]:
    """How many values each categorical feature has."""
    known = {transformed(column): largest + 1 for column, largest in CODES.items()}
    texts = {transformed(column): count + 1 for column, count in TEXTS.items()}
    hours = known[transformed("trip_start_hour")]
    crossed = {PAYMENT_BY_HOUR: texts[transformed("payment_type")] * hours}
    return {**known, **texts, **crossed}


def preprocessing_fn(inputs: dict[str, tf.SparseTensor]) -> dict[str, tf.Tensor]:
    """TensorFlow Transform's callback; every feature it returns has the shape [rows, 1]."""
    outputs = {}
    for column in NUMBERS:
        outputs[transformed(column)] = _scaled(inputs[column])
    for column, largest in CODES.items():
        code = _dense(inputs[column], tf.constant(0, tf.int64))
        outputs[transformed(column)] = tf.clip_by_value(code, 0, largest)
    for column, count in TEXTS.items():
        text = _dense(inputs[column], tf.constant(""))
        # An empty text in a request is a blank cell.
        text = tf.where(text == "", _MISSING_TEXT, text)
        outputs[transformed(column)] = tft.compute_and_apply_vocabulary(
            text, top_k=count, num_oov_buckets=1, vocab_filename=column
        )
    outputs[PAYMENT_BY_HOUR] = _payment_by_hour(outputs)
    outputs[transformed(LABEL)] = _is_big_tip(inputs)
    return outputs


def _scaled(column: tf.SparseTensor) -> tf.Tensor:
    # Distances, durations and fares have long tails.
    values = tf.math.log1p(tf.maximum(tf.cast(column.values, tf.float32), 0.0))
    scaled = tft.scale_to_z_score(tf.SparseTensor(column.indices, values, column.dense_shape))
    return _dense(scaled, tf.constant(0.0))


def _payment_by_hour(features: dict[str, tf.Tensor]) -> tf.Tensor:
    """A cross for the wide part: who pays by card tips differently at night."""
    hours = CODES["trip_start_hour"] + 1
    payment = features[transformed("payment_type")]
    return payment * hours + features[transformed("trip_start_hour")]


def _is_big_tip(inputs: dict[str, tf.SparseTensor]) -> tf.Tensor:
    nothing = tf.constant(0.0)
    tips, fare = _dense(inputs[LABEL], nothing), _dense(inputs[FARE], nothing)
    return tf.cast(tips > fare * _BIG_TIP, tf.int64)


def _dense(column: tf.SparseTensor, missing: tf.Tensor) -> tf.Tensor:
    """The first value of each row, or `missing`."""
    shape = [column.dense_shape[0], 1]
    return tf.sparse.to_dense(tf.SparseTensor(column.indices, column.values, shape), missing)
