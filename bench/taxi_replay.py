"""Replays the taxi trips in the order of their time: `python -m bench.taxi_replay`, in the TFX
environment.

The reference is of the earlier years, the windows are of the later ones: quarters, joined where one
has too few trips for a check. Prints two tables in Markdown: what is flagged at the default
thresholds, and how far from the training data each column lies in each window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from tests.tfx.trips import batch_of, read_trips
from tfx_components.distributions.columns import Column, bins_of, columns_of
from tfx_components.distributions.statistics import (
    options_for,
    reference_statistics,
    statistics_in_memory,
)
from tfx_components.drift_detector.judging import judge
from tfx_contract.drift_report import Change, Finding, Measure
from tfx_contract.drift_spec import Drift, DriftKind, Thresholds

TRAINED_UNTIL = "2015-01-01"
_HEADER = "| Window | Trips | Kind | Column | Distance | Threshold | Chance | Largest change |"
_RULE = "| --- | ---: | --- | --- | ---: | ---: | ---: | --- |"


@dataclass(frozen=True)
class Window:
    """Trips of some quarters that follow each other."""

    name: str
    trips: pd.DataFrame


@dataclass(frozen=True)
class Judged:
    """A window, compared with the training data and with the window before."""

    window: Window
    findings: list[Finding]

    @property
    def flagged(self) -> list[Finding]:
        """The farthest beyond its threshold first, of each kind."""
        drifted = [finding for finding in self.findings if finding.drifted]
        return sorted(drifted, key=lambda finding: (finding.kind, -finding.excess))


def windows_of(trips: pd.DataFrame, least: int) -> list[Window]:
    """Quarters, each joined with the next ones until it has enough trips; the last takes the rest.

    Args:
      trips: In any order.
      least: Trips in each window.
    """
    groups: list[list[pd.Period]] = [[]]
    sizes = _quarters(trips).value_counts().sort_index()
    for quarter in sizes.index:
        if sizes[groups[-1]].sum() >= least and sizes[quarter:].sum() >= least:
            groups.append([])
        groups[-1].append(quarter)
    return [Window(_name(group), trips[_quarters(trips).isin(group)]) for group in groups]


def replay(trips: pd.DataFrame, thresholds: Thresholds) -> Iterator[Judged]:
    """Judges window after window."""
    is_early = _times(trips) < pd.Timestamp(TRAINED_UNTIL)
    (training,) = reference_statistics([batch_of(trips[is_early])]).datasets
    options = options_for(bins_of(training))
    previous: dict[str, Column] = {}
    for window in windows_of(trips[~is_early], Drift().min_requests):
        columns = columns_of(statistics_in_memory([batch_of(window.trips)], options).datasets[0])
        found = judge(DriftKind.SKEW, columns_of(training), columns, thresholds)
        found += judge(DriftKind.FEATURE, previous, columns, thresholds)
        yield Judged(window, found)
        previous = columns


def flags(replayed: Sequence[Judged]) -> str:
    """A table of all that is flagged."""
    lines = [_HEADER, _RULE]
    for judged in replayed:
        about = f"| {judged.window.name} | {len(judged.window.trips):,} |"
        lines += [f"{about} {_cells(finding)} |" for finding in judged.flagged]
    return "\n".join(lines)


def distances(replayed: Sequence[Judged]) -> str:
    """A table of the distances from the training data, a line a column."""
    lines: dict[str, list[str]] = {}
    for judged in replayed:
        for finding in judged.findings:
            if finding.kind is DriftKind.SKEW and finding.measure is not Measure.MISSING:
                mark = "**" if finding.drifted else ""
                line = lines.setdefault(finding.column, [f"`{finding.column}`"])
                line.append(f"{mark}{finding.distance:.3f}{mark}")
    head = ["Column", *(judged.window.name for judged in replayed)]
    rule = ["---", *("---:" for _ in replayed)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *lines.values()])


def _cells(finding: Finding) -> str:
    numbers = (finding.distance, finding.threshold or 0, finding.chance)
    column = f"`{finding.column}` ({finding.measure})"
    cells = [finding.kind, column, *(f"{number:.3f}" for number in numbers)]
    return " | ".join([*cells, _changed(finding.changes[0])])


def _changed(change: Change) -> str:
    return f"{change.value}: {change.before:.1%} to {change.after:.1%}"


def _times(trips: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(trips.trip_start_timestamp, unit="s")


def _quarters(trips: pd.DataFrame) -> pd.Series:
    return _times(trips).dt.to_period("Q")


def _name(quarters: list[pd.Period]) -> str:
    first, last = (f"{quarter.year} Q{quarter.quarter}" for quarter in (quarters[0], quarters[-1]))
    return first if first == last else f"{first} to {last}"


if __name__ == "__main__":
    REPLAYED = list(replay(read_trips(), Thresholds()))
    print(flags(REPLAYED), distances(REPLAYED), sep="\n\n")
