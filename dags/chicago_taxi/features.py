"""From raw columns of taxi trips to the features of the model. A blank is a missing value."""

from __future__ import annotations

import tensorflow as tf
import tensorflow_transform as tft
from cells import dense, numbers, scaled, transformed

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
        outputs[transformed(column)] = scaled(_logarithms(inputs[column]))
    for column, largest in CODES.items():
        code = dense(inputs[column], tf.constant(0, tf.int64))
        outputs[transformed(column)] = tf.clip_by_value(code, 0, largest)
    for column, count in TEXTS.items():
        text = dense(inputs[column], tf.constant(""))
        # An empty text in a request is a blank cell.
        text = tf.where(text == "", _MISSING_TEXT, text)
        outputs[transformed(column)] = tft.compute_and_apply_vocabulary(
            text, top_k=count, num_oov_buckets=1, vocab_filename=column
        )
    outputs[PAYMENT_BY_HOUR] = _payment_by_hour(outputs)
    outputs[transformed(LABEL)] = _is_big_tip(inputs)
    return outputs


def _logarithms(column: tf.SparseTensor) -> tf.SparseTensor:
    """Distances, durations and fares have long tails."""
    return tf.sparse.map_values(
        lambda values: tf.math.log1p(tf.maximum(values, 0.0)), numbers(column)
    )


def _payment_by_hour(features: dict[str, tf.Tensor]) -> tf.Tensor:
    """A cross for the wide part: who pays by card tips differently at night."""
    hours = CODES["trip_start_hour"] + 1
    payment = features[transformed("payment_type")]
    return payment * hours + features[transformed("trip_start_hour")]


def _is_big_tip(inputs: dict[str, tf.SparseTensor]) -> tf.Tensor:
    nothing = tf.constant(0.0)
    tips, fare = dense(inputs[LABEL], nothing), dense(inputs[FARE], nothing)
    return tf.cast(tips > fare * _BIG_TIP, tf.int64)
