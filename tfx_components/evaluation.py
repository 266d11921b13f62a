"""Reads what the Evaluator wrote: every metric beside its thresholds and the baseline's value."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from tfx_contract.manifest import MetricVerdict

_BASELINE = "baseline"
_Values = dict[tuple[str, str], float]


def metric_verdicts(evaluation_uri: str) -> list[MetricVerdict]:
    """The candidate's metrics over all examples first, then slice by slice.

    Whether a metric passed is TFMA's own verdict, the one that Evaluator's blessing stands on.
    """
    config = tfma.load_eval_result(evaluation_uri).config
    failed = _failed(tfma.load_validation_result(evaluation_uri))
    candidate, baseline = _values(tfma.load_metrics(evaluation_uri))
    verdicts = []
    for (place, name), value in sorted(candidate.items(), key=_order):
        threshold = _threshold(config, name, place)
        passed = None if threshold is None else (place, name) not in failed
        other = baseline.get((place, name))
        verdicts.append(_verdict(name, place, value, other, threshold, passed))
    return verdicts


def failures(verdicts: Iterable[MetricVerdict]) -> list[str]:
    """One sentence for each metric that did not reach its threshold."""
    return [_describe(verdict) for verdict in verdicts if verdict.passed is False]


def _values(metrics: Iterable[Any]) -> tuple[_Values, _Values]:
    candidate: _Values = {}
    baseline: _Values = {}
    for of_slice in metrics:
        place = _slice_name(of_slice.slice_key.single_slice_keys)
        for item in of_slice.metric_keys_and_values:
            if item.key.is_diff or item.value.WhichOneof("type") != "double_value":
                continue
            values = baseline if item.key.model_name == _BASELINE else candidate
            values[place, item.key.name] = item.value.double_value.value
    return candidate, baseline


def _slice_name(keys: Iterable[Any]) -> str:
    return ",".join(f"{key.column}:{_slice_value(key)}" for key in keys)


def _slice_value(key: Any) -> str:
    value = getattr(key, key.WhichOneof("kind"))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _order(item: tuple[tuple[str, str], float]) -> tuple[tuple[object, ...], str]:
    (place, name), _ = item
    column, _, value = place.partition(":")
    number = int(value) if value.isdigit() else -1
    return (column, number, value), name


def _failed(validation: Any) -> set[tuple[str, str]]:
    return {
        (_slice_name(of_slice.slice_key.single_slice_keys), failure.metric_key.name)
        for of_slice in validation.metric_validations_per_slice
        for failure in of_slice.failures
    }


def _threshold(config: Any, name: str, place: str) -> Any:
    """The threshold that TFMA applied to a metric in a slice; None when there was none."""
    for spec in config.metrics_specs:
        for metric in spec.metrics:
            if _plain(_metric_name(metric)) != _plain(name):
                continue
            if metric.HasField("threshold"):
                return metric.threshold
            for item in metric.per_slice_thresholds:
                if any(_covers(slicing, place) for slicing in item.slicing_specs):
                    return item.threshold
    return None


def _covers(slicing: Any, place: str) -> bool:
    found = dict(part.partition(":")[::2] for part in place.split(",") if part)
    columns = {*slicing.feature_keys, *slicing.feature_values}
    return columns == found.keys() and slicing.feature_values.items() <= found.items()


def _metric_name(metric: Any) -> str:
    settings = json.loads(metric.config) if metric.config else {}
    return str(settings.get("name", metric.class_name))


def _plain(name: str) -> str:
    """TFMA turns the class `AUCPrecisionRecall` into the key `auc_precision_recall`."""
    return name.replace("_", "").lower()


def _verdict(
    name: str, place: str, value: float, other: float | None, threshold: Any, passed: bool | None
) -> MetricVerdict:
    threshold = threshold or config_pb2.MetricThreshold()
    bounds, change = threshold.value_threshold, threshold.change_threshold
    return MetricVerdict(
        name=name,
        slice=place,
        value=_finite(value),
        baseline=_finite(other),
        minimum=bounds.lower_bound.value if bounds.HasField("lower_bound") else None,
        maximum=bounds.upper_bound.value if bounds.HasField("upper_bound") else None,
        may_worsen_by=abs(change.absolute.value) if change.HasField("absolute") else None,
        passed=passed,
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _describe(verdict: MetricVerdict) -> str:
    where = f" in slice {verdict.slice}" if verdict.slice else ""
    parts = [f"{verdict.name}{where} is {_shown(verdict.value)}"]
    if verdict.minimum is not None:
        parts.append(f"at least {verdict.minimum:g} is required")
    if verdict.maximum is not None:
        parts.append(f"at most {verdict.maximum:g} is allowed")
    if verdict.may_worsen_by is not None and verdict.baseline is not None:
        parts.append(
            f"the baseline has {_shown(verdict.baseline)}, "
            f"and it may be worse by {verdict.may_worsen_by:g} at most"
        )
    return "; ".join(parts)


def _shown(value: float | None) -> str:
    return "not a number" if value is None else f"{value:.4f}"
