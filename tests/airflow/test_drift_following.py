"""A drift retrains when that can help, and is told to somebody otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tfx_airflow.drift.following import Circumstances, conclude
from tfx_contract.drift_history import DriftCheck, Followed
from tfx_contract.drift_report import Change, DriftReport, Finding, Measure, Sample, Window
from tfx_contract.drift_spec import Drift, DriftKind, WhenDrifted

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
FREE = Circumstances(now=NOW, newer_data="span 12")


def report(*drifted: str) -> DriftReport:
    """A report of which these columns drifted, the first the most."""
    sample = Sample(values=1_000, missing=0, shares=[1.0])
    findings = [
        Finding(
            kind=DriftKind.SKEW,
            column=column,
            measure=Measure.NUMBERS,
            distance=0.5 - place / 10 if column in drifted else 0.01,
            threshold=0.05,
            chance=0.009,
            drifted=column in drifted,
            edges=[0, 1],
            before=sample,
            after=sample,
            changes=[Change(value="0 to 1", before=0.25, after=0.75)],
        )
        for place, column in enumerate([*drifted, "steady"])
    ]
    window = Window(
        since=NOW - timedelta(hours=1), until=NOW, columns=["fare"], requests=1_000, rows=1_000
    )
    return DriftReport(model="taxi", version=7, window=window, findings=findings)


def retrained(hours_ago: float) -> DriftCheck:
    at = NOW - timedelta(hours=hours_ago)
    return DriftCheck(
        version=7,
        since=at - timedelta(hours=1),
        until=at,
        requests=1_000,
        followed=Followed.RETRAINING,
        by="taxi__drift/sunday",
        at=at,
    )


def test_without_a_drift_nothing_follows() -> None:
    assert conclude(report(), Drift(), FREE).followed is Followed.NOTHING


def test_a_drift_with_newer_data_retrains_and_says_what_drifted() -> None:
    found = conclude(report("fare", "miles"), Drift(), FREE)
    assert found.followed is Followed.RETRAINING
    assert found.reason.startswith("fare: Jensen-Shannon divergence 0.500 (threshold 0.05")
    assert "'0 to 1' went from 25.0% to 75.0%" in found.reason
    assert found.reason.endswith("and 1 more. Retraining on span 12.")


@pytest.mark.parametrize(
    ("drift", "circumstances", "why"),
    [
        (Drift(when_drifted=WhenDrifted.ALERT), FREE, "when_drifted of model.yaml is 'alert'"),
        (Drift(), Circumstances(now=NOW), "no labelled data newer"),
        (
            Drift(),
            Circumstances(now=NOW, newer_data="span 12", under_way=True),
            "a run of the training DAG is under way",
        ),
        (
            Drift(cool_down_hours=24),
            Circumstances(now=NOW, newer_data="span 12", last_retraining=retrained(23)),
            "started at 2026-11-01 13:00, within the cool-down",
        ),
    ],
)
def test_what_stands_in_the_way_of_a_retraining_makes_an_alert(
    drift: Drift, circumstances: Circumstances, why: str
) -> None:
    found = conclude(report("fare"), drift, circumstances)
    assert found.followed is Followed.ALERT
    assert why in found.reason


def test_after_the_cool_down_it_retrains_again() -> None:
    later = Circumstances(now=NOW, newer_data="span 12", last_retraining=retrained(25))
    assert (
        conclude(report("fare"), Drift(cool_down_hours=24), later).followed is Followed.RETRAINING
    )
