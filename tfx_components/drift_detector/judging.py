"""Judges columns: how far apart two samples lie, and whether chance explains it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tfx_components.distributions.chance import difference_by_chance, divergence_by_chance
from tfx_components.distributions.columns import Column
from tfx_components.distributions.comparing import measure
from tfx_components.performance import Labelled, compare
from tfx_contract.drift_report import Change, Finding, Measure, MetricFinding, Sample
from tfx_contract.drift_spec import DriftKind, Thresholds
from tfx_contract.training_spec import Threshold

_MOST_CHANGES = 5
_MOST_VALUES = 50
_NO_VALUE = "no value"

Samples = Mapping[str, Column]
Shares = npt.NDArray[np.float64]


def judge(
    kind: DriftKind, before: Samples, after: Samples, thresholds: Thresholds
) -> list[Finding]:
    """A finding for the values of each column of `before`, and one for its missing values.

    A column has drifted when its distance is above its threshold and above what one pair of
    samples of one distribution in a thousand reaches. The first alone would flip with the size of
    the sample, the second would find, in samples large enough, what nobody minds.

    Args:
      kind: What is compared.
      before: The reference; numbers have bins.
      after: In the same bins.
      thresholds: Of the model.
    """
    findings = []
    for name, (distance, missing) in measure(before, after).items():
        one, other = before[name], after.get(name) or _empty(before[name], after)
        if distance is not None:
            findings.append(_values(kind, one, other, distance, thresholds))
        findings.append(_missing(kind, one, other, missing, thresholds))
    return findings


def _values(
    kind: DriftKind, one: Column, other: Column, distance: float, thresholds: Thresholds
) -> Finding:
    labels, before, after = _aligned(one, other)
    by_chance = divergence_by_chance if one.is_numeric else difference_by_chance
    chance = by_chance(before + after, (one.size, other.size))
    how = Measure.NUMBERS if one.is_numeric else Measure.CATEGORIES
    threshold = _threshold(one, thresholds)
    edges = [] if one.histogram is None else _edges(one)
    shown = slice(None) if one.is_numeric else slice(_MOST_VALUES)
    return Finding(
        kind=kind,
        column=one.name,
        measure=how,
        distance=distance,
        threshold=threshold,
        chance=chance,
        drifted=threshold is not None and distance > max(threshold, chance),
        edges=edges,
        labels=[] if one.is_numeric else labels[shown],
        before=_sample(one, before[shown] / one.size),
        after=_sample(other, after[shown] / other.size),
        changes=_changes(labels, before / one.size, after / other.size),
    )


def judge_metric(
    name: str, limit: Threshold, before: Labelled, after: Labelled
) -> MetricFinding | None:
    """A metric of the version's own eval split and of a window; None for one that Keras lacks."""
    difference = compare(name, before, after)
    if difference is None:
        return None
    finding = MetricFinding(
        metric=name,
        higher_is_better=limit.higher_is_better,
        before=difference.before,
        after=difference.after,
        labelled=after.rows,
        may_worsen_by=limit.may_worsen_by,
        chance=difference.chance,
        drifted=False,
    )
    allowed = limit.may_worsen_by
    has_drifted = allowed is not None and finding.worse_by > max(allowed, difference.chance)
    return finding.model_copy(update={"drifted": has_drifted})


def _missing(
    kind: DriftKind, one: Column, other: Column, distance: float, thresholds: Thresholds
) -> Finding:
    rows = one.present + one.missing, other.present + other.missing
    pooled = np.array([one.present + other.present, one.missing + other.missing], dtype=np.float64)
    chance = difference_by_chance(pooled, rows) if all(rows) else 1.0
    threshold = None if _threshold(one, thresholds) is None else thresholds.missing
    shares = [
        [column.missing / total if total else 0.0]
        for column, total in zip((one, other), rows, strict=True)
    ]
    return Finding(
        kind=kind,
        column=one.name,
        measure=Measure.MISSING,
        distance=distance,
        threshold=threshold,
        chance=chance,
        drifted=threshold is not None and distance > max(threshold, chance),
        labels=[_NO_VALUE],
        before=_sample(one, shares[0]),
        after=_sample(other, shares[1]),
        changes=[Change(value=_NO_VALUE, before=shares[0][0], after=shares[1][0])],
    )


def _threshold(column: Column, thresholds: Thresholds) -> float | None:
    default = thresholds.numbers if column.is_numeric else thresholds.categories
    return thresholds.columns.get(column.name, default)


def _aligned(one: Column, other: Column) -> tuple[list[str], Shares, Shares]:
    """The bins or values of both, the most frequent value first, with the counts in each."""
    if one.histogram is not None:
        return list(_bins(_edges(one))), one.counts.astype(float), other.counts.astype(float)
    counts = [dict(zip(each.values, each.counts, strict=True)) for each in (one, other)]
    values = sorted(
        dict.fromkeys([*one.values, *other.values]),
        key=lambda value: -sum(each.get(value, 0) for each in counts),
    )
    before, after = (
        np.array([each.get(value, 0) for value in values], dtype=np.float64) for each in counts
    )
    return values, before, after


def _edges(column: Column) -> list[float]:
    assert column.histogram is not None
    buckets = column.histogram.buckets
    return [*(bucket.low_value for bucket in buckets), buckets[-1].high_value]


def _bins(edges: Sequence[float]) -> Iterator[str]:
    for low, high in itertools.pairwise(edges):
        yield f"{low:.6g} to {high:.6g}"


def _changes(labels: Sequence[str], before: Shares, after: Shares) -> list[Change]:
    largest = np.argsort(-np.abs(after - before), kind="stable")[:_MOST_CHANGES]
    return [
        Change(value=labels[at], before=float(before[at]), after=float(after[at]))
        for at in largest
        if before[at] != after[at]
    ]


def _sample(column: Column, shares: Sequence[float] | Shares) -> Sample:
    return Sample(values=column.size, missing=column.missing, shares=[float(s) for s in shares])


def _empty(like: Column, sample: Samples) -> Column:
    """A column that no row of a sample has."""
    rows = max((column.present + column.missing for column in sample.values()), default=0)
    return Column(like.name, 0, rows, np.zeros_like(like.counts), like.values, like.histogram)
