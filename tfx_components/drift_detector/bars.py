"""What the charts of distributions draw: bars, for each sample."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from tfx_components.drift_detector.wording import number, shortened
from tfx_contract.drift_report import Finding

BEFORE, AFTER = "before", "after"

# Beyond it, differences of numbers overflow.
_FAR = 1e150
# Of the inner bins' range: an outer bin is drawn no wider than this, or than the widest of them.
_OUTER = 0.25
# Of the drawn range: a bin of a single number has no width of its own.
_NARROWEST = 1 / 150
_MOST_VALUES = 15
_LONGEST = 28  # characters of a value beside its bars

Rows = list[dict[str, Any]]


def number_bars(finding: Finding) -> Rows:
    """A bar for each bin and sample, the wide ones first: they must not hide the narrow ones."""
    drawn = drawn_edges(finding.edges)
    least = ((drawn[-1] - drawn[0]) or 1.0) * _NARROWEST
    rows = [
        {"low": low, "high": max(high, low + least), "share": share, "sample": sample}
        for sample, shares in _samples(finding)
        for (low, high), share in zip(itertools.pairwise(drawn), shares, strict=True)
    ]
    return sorted(rows, key=lambda row: row["low"] - row["high"])


def category_bars(finding: Finding) -> Rows:
    """A bar for each sample of the most frequent values, then of the others that changed most.

    `value` begins with two digits and a blank: values may look the same once they are shortened.
    """
    before, after = finding.before.shares, finding.after.shares
    pairs = list(zip(finding.labels, before, after, strict=True))[:_MOST_VALUES]
    shown = {label for label, _, _ in pairs}
    pairs += [(c.value, c.before, c.after) for c in finding.changes if c.value not in shown]
    return [
        {"value": f"{at:02d} {_label(label)}", "share": share, "sample": sample}
        for at, (label, *shares) in enumerate(pairs)
        for sample, share in zip((BEFORE, AFTER), shares, strict=True)
    ]


def drawn_edges(edges: Sequence[float]) -> list[float]:
    """The edges, the outer two cut where they reach to infinity or to a far value."""
    low, *inner, high = (min(max(edge, -_FAR), _FAR) for edge in edges)
    near = [edge for edge in (low, *inner, high) if abs(edge) < _FAR]
    if not near:
        return [low, *inner, high] if inner else [0.0, 1.0]
    middle = inner or near
    widest = max((high - low for low, high in itertools.pairwise(inner)), default=0.0)
    reach = max((middle[-1] - middle[0]) * _OUTER, widest) or near[-1] - near[0] or 1.0
    return [max(low, middle[0] - reach), *inner, min(high, middle[-1] + reach)]


def drawn_shorter(finding: Finding) -> str:
    """Which of the outer bins reach farther than they are drawn; empty: none."""
    if not finding.edges:
        return ""
    drawn = drawn_edges(finding.edges)
    ends = [("first", "begins", 0), ("last", "ends", -1)]
    told = [
        f"The {which} bin is drawn shorter: it {verb} at {_end(finding.edges[at])}."
        for which, verb, at in ends
        if drawn[at] != finding.edges[at]
    ]
    return " ".join(told)


def _samples(finding: Finding) -> list[tuple[str, Sequence[float]]]:
    return [(BEFORE, finding.before.shares), (AFTER, finding.after.shares)]


def _label(value: str) -> str:
    return shortened(value, _LONGEST) or "(empty)"


def _end(edge: float) -> str:
    return {float("inf"): "infinity", float("-inf"): "minus infinity"}.get(edge) or number(
        edge, ".6g"
    )
