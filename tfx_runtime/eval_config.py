"""Turns `evaluation` of `model.yaml` into TFMA's configuration."""

from __future__ import annotations

import difflib
import json

import tensorflow as tf
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from tfx_contract.errors import CompileError
from tfx_contract.training_spec import Evaluation, Threshold

# Beam adds floats up in an order of its own, so a model may differ from itself by as little.
_ROUNDING = 1e-9


def eval_config(evaluation: Evaluation) -> config_pb2.EvalConfig:
    """What the Evaluator computes, by which slices, and what is good enough.

    Raises:
      CompileError: a metric is neither TFMA's nor Keras'.
    """
    metrics = [_metric(name, limit) for name, limit in evaluation.metrics.items()]
    slices = [[item] if isinstance(item, str) else item for item in evaluation.slices]
    return config_pb2.EvalConfig(
        model_specs=[_model_spec(evaluation)],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=s) for s in slices),
        ],
        metrics_specs=[config_pb2.MetricsSpec(metrics=metrics)],
    )


def _model_spec(evaluation: Evaluation) -> config_pb2.ModelSpec:
    return config_pb2.ModelSpec(
        # Named, because TFMA would find it out by loading the model once more.
        model_type=tfma.TF_GENERIC,
        signature_name=evaluation.signature,
        label_key=evaluation.label,
        preprocessing_function_names=[evaluation.preprocessing_signature],
    )


def _metric(name: str, limit: Threshold) -> config_pb2.MetricConfig:
    if not (hasattr(tfma.metrics, name) or hasattr(tf.keras.metrics, name)):
        raise CompileError(f"model.yaml: evaluation.metrics: {_unknown(name)}")
    # Its own name keeps the metric from being called `auc_precision_recall` in the results.
    config = config_pb2.MetricConfig(class_name=name, config=json.dumps({"name": name}))
    if threshold := _threshold(limit):
        # MetricConfig.threshold would be for every slice, and a slice of three rows has no AUC.
        config.per_slice_thresholds.add(
            slicing_specs=[config_pb2.SlicingSpec()], threshold=threshold
        )
    return config


def _threshold(limit: Threshold) -> config_pb2.MetricThreshold | None:
    bounds = {"lower_bound": limit.minimum, "upper_bound": limit.maximum}
    given = {key: {"value": value} for key, value in bounds.items() if value is not None}
    change = _change(limit)
    if not given and change is None:
        return None
    value = config_pb2.GenericValueThreshold(**given) if given else None
    return config_pb2.MetricThreshold(value_threshold=value, change_threshold=change)


def _change(limit: Threshold) -> config_pb2.GenericChangeThreshold | None:
    if limit.may_worsen_by is None:
        return None
    allowed = max(limit.may_worsen_by, _ROUNDING)
    higher = limit.higher_is_better
    return config_pb2.GenericChangeThreshold(
        direction=getattr(
            config_pb2.MetricDirection, "HIGHER_IS_BETTER" if higher else "LOWER_IS_BETTER"
        ),
        absolute={"value": -allowed if higher else allowed},
    )


def _unknown(name: str) -> str:
    known = [
        n for source in (tfma.metrics, tf.keras.metrics) for n in dir(source) if n[0].isupper()
    ]
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    return f"neither TFMA nor Keras has a metric class '{name}'.{hint}"
