"""Calls the serving signatures of a SavedModel and judges what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from tfx_components.model_check.golden_requests import parse_golden_requests
from tfx_components.rows import columns_from_rows, examples_from_rows

# `transform_features` and its like are for the Evaluator and take the label as well.
SERVING_PREFIX = "serving"
TOLERANCE = 1e-4

Outputs = dict[str, np.ndarray[Any, Any]]
Rows = list[dict[str, Any]]


def check_model(model_path: str, transform_graph: str, golden_requests: str) -> list[str]:
    """The reasons not to serve this model; none when it is good.

    Raises:
      InputError: the golden requests themselves are wrong.
    """
    graph = tft.TFTransformOutput(transform_graph)
    types = {name: spec.dtype for name, spec in graph.raw_feature_spec().items()}
    rows = parse_golden_requests(golden_requests, types)
    model = tf.saved_model.load(model_path)
    names = sorted(name for name in model.signatures if name.startswith(SERVING_PREFIX))
    if not names:
        return [
            f"no signature's name starts with '{SERVING_PREFIX}'; found {list(model.signatures)}"
        ]
    reasons: list[str] = []
    answers: dict[str, Outputs] = {}
    for name in names:
        try:
            answers[name] = _call(model.signatures[name], rows, types, graph)
        except Exception as error:  # Whatever a signature raises is a reason.
            reasons.append(f"signature '{name}' cannot be called: {_first_line(error)}")
    for name, outputs in answers.items():
        reasons += _faults(name, outputs, len(rows))
    return reasons or _disagreements(answers)


def _call(
    signature: Any, rows: Rows, types: Mapping[str, tf.DType], graph: tft.TFTransformOutput
) -> Outputs:
    inputs: dict[str, tf.TensorSpec] = signature.structured_input_signature[1]
    outputs = signature(**_tensors(inputs, rows, types, graph))
    return {key: tensor.numpy() for key, tensor in outputs.items()}


def _tensors(
    inputs: dict[str, tf.TensorSpec],
    rows: Rows,
    types: Mapping[str, tf.DType],
    graph: tft.TFTransformOutput,
) -> dict[str, tf.Tensor]:
    if inputs.keys() <= types.keys():
        return columns_from_rows(rows, inputs)
    examples = examples_from_rows(rows, types)
    if [spec.dtype for spec in inputs.values()] == [tf.string]:
        return dict.fromkeys(inputs, examples)
    raw = tf.io.parse_example(examples, graph.raw_feature_spec())
    transformed = graph.transform_features_layer()(raw)
    if missing := inputs.keys() - transformed.keys():
        raise ValueError(f"there is neither a raw nor a transformed column {sorted(missing)}")
    return {name: _shaped(transformed[name], spec) for name, spec in inputs.items()}


def _shaped(tensor: Any, spec: tf.TensorSpec) -> tf.Tensor:
    dense = tf.sparse.to_dense(tensor) if isinstance(tensor, tf.SparseTensor) else tensor
    return tf.reshape(tf.cast(dense, spec.dtype), [-1, *spec.shape[1:]])


def _faults(name: str, outputs: Outputs, rows: int) -> list[str]:
    where = f"signature '{name}'"
    if not outputs:
        return [f"{where} has no outputs"]
    return [
        f"{where}, output '{key}': {fault}"
        for key, value in outputs.items()
        if (fault := _fault(value, rows))
    ]


def _fault(value: np.ndarray[Any, Any], rows: int) -> str | None:
    if value.ndim == 0 or value.shape[0] != rows:
        return f"the shape {value.shape} has not {rows} rows, one for each request"
    if value.size == 0:
        return f"the shape {value.shape} holds no values"
    if np.issubdtype(value.dtype, np.number):
        bad = ~np.isfinite(value)
    else:
        bad = np.vectorize(lambda item: not item)(value)
    if not bad.any():
        return None
    row = int(np.argwhere(bad)[0][0])
    return f"row {row + 1} is {value[row].tolist()}; {int(bad.sum())} values are null or not finite"


def _disagreements(answers: dict[str, Outputs]) -> list[str]:
    first, *others = answers
    return [
        f"signatures '{first}' and '{name}' disagree on '{key}': {difference}"
        for name in others
        for key in answers[first].keys() | answers[name].keys()
        if (difference := _difference(answers[first].get(key), answers[name].get(key)))
    ]


def _difference(
    left: np.ndarray[Any, Any] | None, right: np.ndarray[Any, Any] | None
) -> str | None:
    if left is None or right is None:
        return "only one of them has this output"
    if left.shape != right.shape:
        return f"shapes {left.shape} and {right.shape}"
    if not np.issubdtype(left.dtype, np.number):
        return None if (left == right).all() else "different values"
    gap = float(np.abs(left - right).max())
    return f"by up to {gap:.3g}; allowed is {TOLERANCE:g}" if gap > TOLERANCE else None


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
