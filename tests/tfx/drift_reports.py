"""Drift reports made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tfx_contract.drift_report import (
    Change,
    DriftReport,
    Finding,
    Measure,
    MetricFinding,
    Sample,
    Window,
)
from tfx_contract.drift_spec import DriftKind

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def sample(shares: Sequence[float], missing: int = 0) -> Sample:
    return Sample(values=1_000, missing=missing, shares=list(shares))


def numbers(column: str = "fare", **changes: Any) -> Finding:
    """Four bins, of which the last grew."""
    values: dict[str, Any] = {
        "kind": DriftKind.SKEW,
        "column": column,
        "measure": Measure.NUMBERS,
        "distance": 0.2,
        "threshold": 0.05,
        "chance": 0.01,
        "drifted": True,
        "edges": [0, 10, 20, 40, 50],
        "before": sample([0.25] * 4),
        "after": sample([0.1, 0.1, 0.1, 0.7]),
        "changes": [Change(value="40 to 50", before=0.25, after=0.7)],
    }
    return Finding(**(values | changes))


def calm(column: str = "miles", **changes: Any) -> Finding:
    return numbers(column, **({"distance": 0.01, "drifted": False} | changes))


def categories(labels: Sequence[str], **changes: Any) -> Finding:
    share = 1 / len(labels)
    return numbers(
        "company",
        measure=Measure.CATEGORIES,
        edges=[],
        labels=list(labels),
        before=sample([share] * len(labels)),
        after=sample([share] * len(labels)),
        **({"changes": [Change(value=v, before=0.1, after=0.4) for v in labels[:5]]} | changes),
    )


def missing(column: str = "tips") -> Finding:
    return numbers(
        column,
        measure=Measure.MISSING,
        distance=0.3,
        threshold=0.1,
        edges=[],
        labels=["no value"],
        before=sample([0.1], missing=100),
        after=sample([0.4], missing=400),
        changes=[Change(value="no value", before=0.1, after=0.4)],
    )


def auc(after: float, drifted: bool = False) -> MetricFinding:
    return MetricFinding(
        metric="AUC",
        higher_is_better=True,
        before=0.8,
        after=after,
        labelled=500,
        may_worsen_by=0.05,
        chance=0.02,
        drifted=drifted,
    )


def report(*findings: Finding, day: int = 1, window: Any = None, **changes: Any) -> DriftReport:
    since = START + day * DAY
    counts = {"requests": 1_234, "rows": 1_200} | (window or {})
    values = {"model": "taxi", "version": 7} | changes
    return DriftReport(
        window=Window(since=since, until=since + DAY, columns=[], **counts),
        findings=list(findings),
        **values,
    )
