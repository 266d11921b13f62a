"""Small SavedModels with every kind of signature that a server can meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

Tensors = dict[str, tf.Tensor]

EXAMPLE = {
    "fare": tf.io.VarLenFeature(tf.float32),
    "trips": tf.io.VarLenFeature(tf.int64),
    "payment_type": tf.io.VarLenFeature(tf.string),
}


def save_taxi(folder: Path) -> Path:
    """The signatures that the models of `dags/` have."""
    taxi = Taxi()
    signatures = {
        "serving_default": taxi.examples,
        "serving_json": taxi.columns,
        "serving_transformed": taxi.transformed,
        "transform_features": taxi.transform,
    }
    return _save(taxi, folder, signatures)


def save_kinds(folder: Path) -> Path:
    """Says back what it was given, in every dtype and several shapes."""
    kinds = Kinds()
    signatures = {
        "serving_default": kinds.echo,
        "matrix": kinds.matrix,
        "ragged": kinds.ragged,
        "quotient": kinds.quotient,
        "payload": kinds.payload,
        "any_rank": kinds.any_rank,
        "halves": kinds.halves,
    }
    return _save(kinds, folder, signatures)


def save_counter(folder: Path) -> Path:
    """Says how it was called: how often before, and with how many rows at once."""
    counter = Counter()
    signatures = {
        "serving_default": counter.count,
        "total": counter.total,
        "scalar": counter.scalar,
        "eight": counter.eight,
    }
    return _save(counter, folder, signatures)


def save_slow(folder: Path) -> Path:
    """Takes as many seconds as it is asked to."""
    slow = Slow()
    return _save(slow, folder, {"serving_default": slow.wait})


def example(row: dict[str, Any]) -> bytes:
    """A row as a serialized tf.Example; what is None is left out."""
    features = {name: _feature(name, value) for name, value in row.items() if value is not None}
    proto = tf.train.Example(features=tf.train.Features(feature=features))
    return bytes(proto.SerializeToString())


class Taxi(tf.Module):
    """A score of three columns, any of which may be missing."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable([[0.25], [0.5], [2.0]])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def examples(self, examples: tf.Tensor) -> Tensors:
        return self._score(self._features(examples))

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float64, name="fare"),
            tf.TensorSpec([None], tf.float64, name="trips"),
            tf.TensorSpec([None], tf.string, name="payment_type"),
        ]
    )
    def columns(self, fare: tf.Tensor, trips: tf.Tensor, payment_type: tf.Tensor) -> Tensors:
        return self._score(_stacked(fare, trips, payment_type))

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="numbers_xf")])
    def transformed(self, numbers_xf: tf.Tensor) -> Tensors:
        return self._score(numbers_xf)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def transform(self, examples: tf.Tensor) -> Tensors:
        return {"numbers_xf": self._features(examples)}

    def _features(self, examples: tf.Tensor) -> tf.Tensor:
        parsed = tf.io.parse_example(examples, EXAMPLE)
        missing = {"fare": float("nan"), "trips": -1, "payment_type": ""}
        dense = {key: _first(parsed[key], default) for key, default in missing.items()}
        trips = tf.cast(dense["trips"], tf.float64)
        trips = tf.where(trips < 0, tf.constant(float("nan"), tf.float64), trips)
        return _stacked(tf.cast(dense["fare"], tf.float64), trips, dense["payment_type"])

    def _score(self, numbers: tf.Tensor) -> Tensors:
        return {"probability": tf.sigmoid(tf.matmul(numbers, self.weights))}


class Kinds(tf.Module):
    """Dtypes and shapes."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float32, name="number"),
            tf.TensorSpec([None], tf.int32, name="whole"),
            tf.TensorSpec([None], tf.bool, name="flag"),
            tf.TensorSpec([None], tf.string, name="text"),
        ]
    )
    def echo(
        self, number: tf.Tensor, whole: tf.Tensor, flag: tf.Tensor, text: tf.Tensor
    ) -> Tensors:
        return {"number": number, "whole": whole, "flag": flag, "text": text, "text_bytes": text}

    @tf.function(input_signature=[tf.TensorSpec([None, 2, 3], tf.float32, name="cells")])
    def matrix(self, cells: tf.Tensor) -> Tensors:
        return {"sums": tf.reduce_sum(cells, axis=2)}

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int64, name="tokens")])
    def ragged(self, tokens: tf.Tensor) -> Tensors:
        return {"sum": tf.reduce_sum(tokens, axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="by")])
    def quotient(self, by: tf.Tensor) -> Tensors:
        return {"quotient": 1.0 / by}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="payload")])
    def payload(self, payload: tf.Tensor) -> Tensors:
        return {"payload": payload}

    @tf.function(input_signature=[tf.TensorSpec(None, tf.int64, name="x")])
    def any_rank(self, x: tf.Tensor) -> Tensors:
        return {"x": x + 1}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.bfloat16, name="x")])
    def halves(self, x: tf.Tensor) -> Tensors:
        return {"bfloat16": x, "float16": tf.cast(x, tf.float16), "uint64": tf.cast(x, tf.uint64)}


class Counter(tf.Module):
    """Signatures with and without rows."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = tf.Variable(0, dtype=tf.int64)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def count(self, x: tf.Tensor) -> Tensors:
        before = self.calls.assign_add(1) - 1
        rows = tf.size(x)
        return {"x": x, "calls": tf.fill([rows], before), "together": tf.fill([rows], rows)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def total(self, x: tf.Tensor) -> Tensors:
        return {"total": tf.reduce_sum(x)}

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])
    def scalar(self, x: tf.Tensor) -> Tensors:
        return {"double": x * 2, "name": tf.constant("two\0")}

    @tf.function(input_signature=[tf.TensorSpec([8], tf.float32, name="x")])
    def eight(self, x: tf.Tensor) -> Tensors:
        return {"x": x}


class Slow(tf.Module):
    """A call lasts as long as the longest of its rows says, in seconds."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="seconds")])
    def wait(self, seconds: tf.Tensor) -> Tensors:
        end = tf.timestamp() + tf.cast(tf.reduce_max(seconds), tf.float64)
        while tf.timestamp() < end:
            pass
        return {"waited": seconds}


def _save(module: tf.Module, folder: Path, signatures: dict[str, Any]) -> Path:
    path = folder / "model"
    tf.saved_model.save(module, str(path), signatures)
    return path


def _stacked(fare: tf.Tensor, trips: tf.Tensor, payment_type: tf.Tensor) -> tf.Tensor:
    cash = tf.where(
        payment_type == "", tf.constant(-1.0), tf.cast(payment_type == "Cash", tf.float32)
    )
    columns = [_filled(fare, 7.5), _filled(trips, 3.0), cash]
    return tf.stack(columns, axis=1) / 10


def _filled(column: tf.Tensor, missing: float) -> tf.Tensor:
    number = tf.cast(column, tf.float32)
    return tf.where(tf.math.is_nan(number), tf.constant(missing), number)


def _first(column: tf.SparseTensor, default: Any) -> tf.Tensor:
    shape = [column.dense_shape[0], 1]
    sparse = tf.SparseTensor(column.indices, column.values, shape)
    return tf.sparse.to_dense(sparse, default_value=default)[:, 0]


def _feature(name: str, value: Any) -> tf.train.Feature:
    dtype = EXAMPLE[name].dtype
    if dtype == tf.string:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
    if dtype == tf.int64:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[int(value)]))
    return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
