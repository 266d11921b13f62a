"""Rows as requests to the real endpoint, and what training saw of the same rows."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from scipy.spatial import cKDTree

from tests.tfx.endpoint.server import EndpointProcess, serve
from tfx_contract.manifest import TensorShape

Features = dict[str, np.ndarray[Any, Any]]

_ROWS_PER_REQUEST = 500
_ROUNDED = 1e-5


def csv_rows(
    path: Path, inputs: Mapping[str, TensorShape], columns: Mapping[str, str] = {}
) -> list[dict[str, Any]]:
    """Rows as a client would send them: a blank cell is null, a number a JSON number.

    Args:
      path: The file.
      inputs: Those of the signature.
      columns: The columns of inputs that have another name.
    """
    with path.open(newline="") as file:
        return [
            {name: _value(row[columns.get(name, name)], inputs[name].dtype) for name in inputs}
            for row in csv.DictReader(file)
        ]


def _value(cell: str, dtype: str) -> str | int | float | None:
    if not cell:
        return None
    if dtype == "string":
        return cell
    return int(cell) if cell.lstrip("-").isdigit() else float(cell)


def served_features(
    model: Path, signature: str, rows: list[dict[str, Any]], folder: Path
) -> Features:
    """What a signature of the served model makes of rows, each feature of shape [rows, ...]."""
    server = EndpointProcess(folder / "endpoint").start()
    try:
        endpoint, _ = serve(server, model)
        answers: list[dict[str, Any]] = []
        for start in range(0, len(rows), _ROWS_PER_REQUEST):
            batch = rows[start : start + _ROWS_PER_REQUEST]
            body = {"instances": batch, "signature_name": signature}
            answers += server.ok("POST", f"{endpoint}:predict", body)["predictions"]
        return {name: np.array([answer[name] for answer in answers]) for name in answers[0]}
    finally:
        server.stop()


def trained_features(root: Path) -> Features:
    """What Transform wrote for the Trainer, of all splits."""
    [graph] = (root / "Transform" / "transform_graph").iterdir()
    spec = tft.TFTransformOutput(str(graph)).transformed_feature_spec()
    files = [str(p) for p in (root / "Transform" / "transformed_examples").glob("*/*/*.gz")]
    records = list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())
    parsed = tf.io.parse_example(records, spec)
    return {name: tensor.numpy() for name, tensor in parsed.items()}


def assert_no_skew(served: Features, trained: Features, label: str) -> None:
    """Every row has the same features; examples have no order, so each looks for its like.

    Whole numbers must be equal. Others may differ by what TensorFlow rounds: it computes most rows
    of a batch several at once and the last few one by one, which ends in another last bit.
    """
    assert served.keys() == trained.keys() - {label}
    for name, values in served.items():
        found, expected = (np.sort(array.reshape(-1)) for array in (values, trained[name]))
        tolerance = 0 if expected.dtype.kind == "i" else _ROUNDED
        assert np.allclose(found, expected, rtol=tolerance, atol=tolerance), name
    rows, seen = (_matrix(features, sorted(served)) for features in (served, trained))
    assert _farthest(rows, seen) < _ROUNDED
    assert _farthest(seen, rows) < _ROUNDED


def _matrix(features: Features, names: list[str]) -> np.ndarray[Any, Any]:
    return np.hstack([features[name].reshape(len(features[name]), -1) for name in names])


def _farthest(rows: np.ndarray[Any, Any], others: np.ndarray[Any, Any]) -> float:
    """The largest distance in any feature from a row to its nearest like."""
    distances, _ = cKDTree(others).query(rows, p=np.inf)
    return float(distances.max())
