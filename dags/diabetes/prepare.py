"""Writes scikit-learn's diabetes set, a real one, as if a clinic sent its patients day by day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import tensorflow as tf
from sklearn.datasets import load_diabetes

# `spans.zero` in model.yaml.
_ZERO = date(2026, 1, 1)
_WEEK = 7
_WHOLE_NUMBERS = ("age", "sex", "age_decade")


def prepare(folder: Path) -> None:
    """The patients of every day so far. Any seven days in a row hold each patient once."""
    patients = _patients()
    # East of Greenwich it may be tomorrow already.
    days = (datetime.now(UTC).date() - _ZERO).days + 2
    for day in range(days):
        _write(patients[day % _WEEK :: _WEEK], folder / f"day-{day}" / "patients.tfrecord")


def _patients() -> list[bytes]:
    known = load_diabetes(scaled=False)
    rows = [dict(zip(known.feature_names, row, strict=True)) for row in known.data]
    return [
        # The decade is what metrics are sliced by.
        _example(row | {"age_decade": row["age"] // 10 * 10, "progression": progression})
        for row, progression in zip(rows, known.target, strict=True)
    ]


def _example(patient: Mapping[str, float]) -> bytes:
    features = {name: _feature(name, value) for name, value in patient.items()}
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


def _feature(name: str, value: float) -> tf.train.Feature:
    if name in _WHOLE_NUMBERS:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[int(value)]))
    return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))


def _write(examples: list[bytes], path: Path) -> None:
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as file:
        for example in examples:
            file.write(example)
