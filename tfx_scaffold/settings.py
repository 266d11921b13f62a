"""How long to train, with what, and what is good enough; each with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tfx_scaffold.columns import Column, Kind
from tfx_scaffold.problem import Problem
from tfx_scaffold.problem_kind import ProblemKind
from tfx_scaffold.signals import Signal

# ExampleGen's split: two of three rows are learned from, the third is evaluated on.
_TRAIN_SHARE = 2 / 3
_EPOCHS = 6
_FEWEST_STEPS, _MOST_STEPS = 500, 10_000
_MOST_EVAL_STEPS = 1000
_BATCH, _LARGEST_BATCH = 64, 1024
_POSITIVES_A_BATCH = 4
_SLICES, _MOST_SLICE_VALUES = 2, 12
_WATCHED = 5


@dataclass(frozen=True)
class Metric:
    """One entry of `evaluation.metrics`."""

    name: str
    limits: str
    reason: str = ""


@dataclass(frozen=True)
class Settings:
    """What `model.yaml` says about training and evaluation."""

    steps: int
    eval_steps: int
    batch_size: int
    batch_reason: str
    metrics: tuple[Metric, ...]
    slices: tuple[str, ...]
    watched: tuple[tuple[str, str], ...]


def choose_settings(
    problem: Problem, columns: list[Column], signals: Mapping[str, Signal], plain: set[str]
) -> Settings:
    """Settings that fit the size of the data and the kind of the problem."""
    learned = int(problem.facts.rows * _TRAIN_SHARE)
    batch, reason = _batch(problem)
    steps = math.ceil(_EPOCHS * learned / batch / 100) * 100
    judged = problem.facts.rows - learned
    return Settings(
        steps=min(max(steps, _FEWEST_STEPS), _MOST_STEPS),
        eval_steps=min(max(math.ceil(judged / batch), 1), _MOST_EVAL_STEPS),
        batch_size=batch,
        batch_reason=reason,
        metrics=_metrics(problem, signals),
        slices=_slices(columns, signals, plain),
        watched=_watched(signals, problem),
    )


def _batch(problem: Problem) -> tuple[int, str]:
    if not problem.is_rare:
        return _BATCH, ""
    wanted = _POSITIVES_A_BATCH / problem.base_rate
    batch = min(2 ** math.ceil(math.log2(wanted)), _LARGEST_BATCH)
    return batch, f"Large, so that a batch holds some {batch * problem.base_rate:.0f} positives."


def _metrics(problem: Problem, signals: Mapping[str, Signal]) -> tuple[Metric, ...]:
    if problem.kind is ProblemKind.REGRESSION:
        return _of_quantity(problem)
    if problem.kind is ProblemKind.MULTICLASS:
        return _of_classes(problem)
    return _of_two_classes(problem, signals)


def _of_two_classes(problem: Problem, signals: Mapping[str, Signal]) -> tuple[Metric, ...]:
    best = max(signals, key=lambda name: signals[name].score)
    score = signals[best].score
    auc = max(0.55, 0.5 + 0.8 * (score - 0.5))
    base = problem.base_rate
    area = min(1.5 * base, base + 0.25 * (1 - base))
    guiding = (
        Metric(
            "AUCPrecisionRecall",
            f"{{minimum: {_two(area)}, may_worsen_by: 0.03}}",
            f"Guessing has {base:.3g}, the share of the positives. Raise it after a first run."
            + (
                " With so few of them this area guides, and accuracy says nothing: "
                f"a constant no is right in {100 * (1 - base):.1f} % of the rows."
                if problem.is_rare
                else ""
            ),
        ),
        Metric(
            "AUC",
            f"{{minimum: {_two(auc)}, may_worsen_by: 0.02}}",
            f"'{best}' alone has {score:.2f} in a small decision tree, guessing 0.5.",
        ),
    )
    accuracy = () if problem.is_rare else (Metric("BinaryAccuracy", "{}"),)
    return (*guiding, *accuracy, Metric("ExampleCount", "{}"))


def _of_classes(problem: Problem) -> tuple[Metric, ...]:
    share = max(problem.counts) / sum(problem.counts)
    common = problem.classes[problem.counts.index(max(problem.counts))]
    return (
        Metric(
            "SparseCategoricalAccuracy",
            f"{{minimum: {_two(share)}, may_worsen_by: 0.03}}",
            f"Always saying {common!r}, the most frequent class, is right in "
            f"{100 * share:.1f} % of the rows. Raise it after a first run.",
        ),
        Metric("SparseCategoricalCrossentropy", "{}"),
        Metric("ExampleCount", "{}"),
    )


def _of_quantity(problem: Problem) -> tuple[Metric, ...]:
    deviation = problem.facts.deviation
    return (
        Metric(
            "RootMeanSquaredError",
            f"{{maximum: {deviation:.4g}, may_worsen_by: {0.05 * deviation:.2g}, "
            "higher_is_better: false}",
            "Always saying the mean is off by the label's standard deviation, "
            f"{deviation:.4g}. Lower it after a first run.",
        ),
        Metric("MeanAbsoluteError", "{}"),
        Metric("ExampleCount", "{}"),
    )


def _slices(
    columns: list[Column], signals: Mapping[str, Signal], plain: set[str]
) -> tuple[str, ...]:
    small = [
        column.name
        for column in columns
        if column.kind in (Kind.TEXT, Kind.CODE, Kind.FLAG)
        and column.facts.distinct <= _MOST_SLICE_VALUES
        and column.name in plain
    ]
    return tuple(sorted(small, key=lambda name: -signals[name].score)[:_SLICES])


def _watched(signals: Mapping[str, Signal], problem: Problem) -> tuple[tuple[str, str], ...]:
    unit = "R²" if problem.kind is ProblemKind.REGRESSION else "AUC"
    best = sorted(signals, key=lambda name: -signals[name].score)[:_WATCHED]
    return tuple((name, f"{unit} {signals[name].score:.2f} alone") for name in best)


def _two(value: float) -> str:
    """Down to two figures that count, so that the threshold is a round number."""
    digits = 2 if value >= 0.1 else 3
    return f"{math.floor(value * 10**digits) / 10**digits:g}"
