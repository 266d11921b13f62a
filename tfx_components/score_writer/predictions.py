"""Reads what BulkInferrer wrote: one prediction log a row."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2
from tfx.dsl.io import fileio

from tfx_components.example_rows import plain_value, row_of_example
from tfx_contract.errors import InputError

Row = dict[str, dict[str, Any]]


def read_scored_rows(inference_uri: str) -> Iterator[Row]:
    """Each row with its input columns and the outputs by name; in no order, as Beam wrote them.

    Raises:
      InputError: the signature is one of TensorFlow 1's that classify or regress.
    """
    files = sorted(fileio.glob(os.path.join(inference_uri, "*.gz")))
    for record in tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator():
        yield _row(prediction_log_pb2.PredictionLog.FromString(record))


def is_finite(row: Row) -> bool:
    """Whether all outputs of a row are."""
    values = (value if isinstance(value, list) else [value] for value in row["outputs"].values())
    return all(item is not None for value in values for item in value)


def _row(log: Any) -> Row:
    if log.WhichOneof("log_type") != "predict_log":
        raise InputError(
            f"model.yaml: scoring.signature: it gives a {log.WhichOneof('log_type')}; allowed is a "
            "signature of outputs by name, as tf.saved_model.save writes it."
        )
    [examples] = log.predict_log.request.inputs.values()
    [serialized] = examples.string_val
    outputs = log.predict_log.response.outputs
    return {
        "columns": row_of_example(serialized),
        "outputs": {name: plain_value(tf.make_ndarray(outputs[name])) for name in sorted(outputs)},
    }
