"""Calls the serving signatures of a SavedModel and judges what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from tfx_components.model_check.golden_answers import (
    Array,
    Arrays,
    Call,
    Takes,
    golden_answers,
)
from tfx_components.model_check.golden_requests import parse_golden_requests
from tfx_components.rows import columns_from_rows, examples_from_rows
from tfx_contract.manifest import GoldenAnswers

# `transform_features` and its like are for the Evaluator and take the label as well.
SERVING_PREFIX = "serving"
TOLERANCE = 1e-4

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Checked:
    """The reasons not to serve a model, or what it answers to the golden requests."""

    reasons: list[str]
    answers: GoldenAnswers | None = None


def check_model(model_path: str, transform_graph: str, golden_requests: str) -> Checked:
    """Calls every serving signature with the golden requests.

    Raises:
      InputError: the golden requests themselves are wrong.
    """
    graph = tft.TFTransformOutput(transform_graph)
    types = {name: spec.dtype for name, spec in graph.raw_feature_spec().items()}
    rows = parse_golden_requests(golden_requests, types)
    model = tf.saved_model.load(model_path)
    names = sorted(name for name in model.signatures if name.startswith(SERVING_PREFIX))
    if not names:
        found = list(model.signatures)
        return Checked([f"no signature's name starts with '{SERVING_PREFIX}'; found {found}"])
    calls, reasons = _call_all({name: model.signatures[name] for name in names}, rows, types, graph)
    for name, call in calls.items():
        reasons += _faults(name, call.outputs, len(rows))
    reasons = reasons or _disagreements({name: call.outputs for name, call in calls.items()})
    return Checked(reasons, None if reasons else golden_answers(calls))


def _call_all(
    signatures: Mapping[str, Any],
    rows: Rows,
    types: Mapping[str, tf.DType],
    graph: tft.TFTransformOutput,
) -> tuple[dict[str, Call], list[str]]:
    """The calls that went well, and why the others did not."""
    calls: dict[str, Call] = {}
    reasons: list[str] = []
    for name, signature in signatures.items():
        try:
            calls[name] = _call(signature, rows, types, graph)
        except Exception as error:  # Whatever a signature raises is a reason.
            reasons.append(f"signature '{name}' cannot be called: {_first_line(error)}")
    return calls, reasons


def _call(
    signature: Any, rows: Rows, types: Mapping[str, tf.DType], graph: tft.TFTransformOutput
) -> Call:
    specs: dict[str, tf.TensorSpec] = signature.structured_input_signature[1]
    takes = _takes(specs, types)
    match takes:
        case Takes.COLUMNS:
            inputs = columns_from_rows(rows, specs)
        case Takes.EXAMPLES:
            inputs = dict.fromkeys(specs, examples_from_rows(rows, types))
        case Takes.FEATURES:
            inputs = _features(specs, examples_from_rows(rows, types), graph)
    return Call(takes, _arrays(inputs), _arrays(signature(**inputs)))


def _takes(specs: Mapping[str, tf.TensorSpec], types: Mapping[str, tf.DType]) -> Takes:
    if specs.keys() <= types.keys():
        return Takes.COLUMNS
    is_one_text = [spec.dtype for spec in specs.values()] == [tf.string]
    return Takes.EXAMPLES if is_one_text else Takes.FEATURES


def _features(
    specs: Mapping[str, tf.TensorSpec], examples: tf.Tensor, graph: tft.TFTransformOutput
) -> dict[str, tf.Tensor]:
    raw = tf.io.parse_example(examples, graph.raw_feature_spec())
    transformed = graph.transform_features_layer()(raw)
    if missing := specs.keys() - transformed.keys():
        raise ValueError(f"there is neither a raw nor a transformed column {sorted(missing)}")
    return {name: _shaped(transformed[name], spec) for name, spec in specs.items()}


def _arrays(tensors: Mapping[str, tf.Tensor]) -> Arrays:
    return {name: tensor.numpy() for name, tensor in tensors.items()}


def _shaped(tensor: Any, spec: tf.TensorSpec) -> tf.Tensor:
    dense = tf.sparse.to_dense(tensor) if isinstance(tensor, tf.SparseTensor) else tensor
    return tf.reshape(tf.cast(dense, spec.dtype), [-1, *spec.shape[1:]])


def _faults(name: str, outputs: Arrays, rows: int) -> list[str]:
    where = f"signature '{name}'"
    if not outputs:
        return [f"{where} has no outputs"]
    return [
        f"{where}, output '{key}': {fault}"
        for key, value in outputs.items()
        if (fault := _fault(value, rows))
    ]


def _fault(value: Array, rows: int) -> str | None:
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


def _disagreements(answers: Mapping[str, Arrays]) -> list[str]:
    first, *others = answers
    return [
        f"signatures '{first}' and '{name}' disagree on '{key}': {difference}"
        for name in others
        for key in answers[first].keys() | answers[name].keys()
        if (difference := _difference(answers[first].get(key), answers[name].get(key)))
    ]


def _difference(left: Array | None, right: Array | None) -> str | None:
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
