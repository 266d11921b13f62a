"""RequestStatistics and DriftDetector over a real log."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.tfx.drift_checks import VERSION, TaxiVersion, tips_of
from tests.tfx.html_page import read_page
from tests.tfx.trips import drawn, read_trips
from tfx_contract.drift_report import PAGE_FILE, DriftReport, Measure
from tfx_contract.drift_spec import Drift, DriftKind
from tfx_contract.errors import InputError
from tfx_contract.serving_spec import RequestLog as LogRules

TRIPS = read_trips()
FIRST, SECOND, THIRD = 1, 2, 3


@pytest.fixture
def taxi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TaxiVersion:
    """A version that learned from all trips, and a home for its log."""
    monkeypatch.setenv("TFX_AIRFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TFX_AIRFLOW_REQUEST_LOG", raising=False)
    return TaxiVersion(tmp_path, TRIPS)


def some_trips(seed: int, size: int = 2_000) -> pd.DataFrame:
    return drawn(TRIPS, size, np.random.default_rng(seed))


def drifted(report: DriftReport) -> set[tuple[DriftKind, str, Measure]]:
    return {(finding.kind, finding.column, finding.measure) for finding in report.drifted}


def test_requests_like_the_training_data_are_no_drift(taxi: TaxiVersion) -> None:
    taxi.ask(some_trips(1), FIRST)
    report = taxi.check(FIRST)
    assert drifted(report) == set()
    assert report.anomalies == []
    assert (report.window.requests, report.window.rows) == (2_000, 2_000)
    assert {finding.column for finding in report.findings} == {*taxi.columns, "prediction[0]"}
    assert report.notes == [
        "This is the first window of its version: there is none before it.",
        "The truth of 0 answers is known; performance needs 100.",
    ]


def test_dearer_trips_drift_from_the_training_data_and_from_the_window_before(
    taxi: TaxiVersion,
) -> None:
    taxi.ask(some_trips(1), FIRST)
    taxi.check(FIRST)
    dearer = some_trips(2).assign(fare=lambda trips: trips.fare * 1.5)
    taxi.ask(dearer, SECOND)
    both = {(kind, "fare", Measure.NUMBERS) for kind in (DriftKind.SKEW, DriftKind.FEATURE)}
    assert drifted(taxi.check(SECOND)) >= both
    taxi.ask(dearer, THIRD)
    report = taxi.check(THIRD)
    assert (DriftKind.SKEW, "fare", Measure.NUMBERS) in drifted(report)
    assert (DriftKind.FEATURE, "fare", Measure.NUMBERS) not in drifted(report)


def test_predictions_that_collapse_drift(taxi: TaxiVersion) -> None:
    trips = some_trips(1)
    taxi.ask(trips, FIRST)
    instances = [json.dumps({"fare": None})] * len(trips)
    taxi.write(instances, ["[0.5]"] * len(trips), FIRST)
    found = drifted(taxi.check(FIRST))
    assert (DriftKind.PREDICTION, "prediction[0]", Measure.NUMBERS) in found


def test_answers_that_turn_out_wrong_are_a_drift_of_performance(taxi: TaxiVersion) -> None:
    trips = some_trips(1)
    taxi.ask(trips, FIRST, tips=tips_of(trips, seed=1))
    taxi.ask(trips, SECOND, tips=[1 - tip for tip in tips_of(trips, seed=1)])
    as_before, reversed_ = taxi.check(FIRST), taxi.check(SECOND)
    assert [(m.metric, m.labelled, m.drifted) for m in as_before.metrics] == [("AUC", 2_000, False)]
    assert [m.drifted for m in reversed_.metrics] == [True]
    (worst, *_) = reversed_.drifted
    assert (worst.kind, worst.column) == (DriftKind.PERFORMANCE, "AUC")
    assert worst.sentence.startswith("AUC: from 0.")


def test_performance_takes_its_own_column_of_ground_truth_that_has_several(
    taxi: TaxiVersion,
) -> None:
    trips = some_trips(1)
    tips = tips_of(trips, seed=1)
    several = [{"tips": 2.5 * tip, "tips_xf": tip} for tip in tips]
    without = {"tips": 1.0}
    taxi.ask(trips, FIRST, tips=tips)
    taxi.ask(trips, SECOND, tips=[*several[:1_500], *[without] * 500])
    (bare,), (found,) = taxi.check(FIRST).metrics, taxi.check(SECOND).metrics
    assert (found.metric, found.labelled, found.drifted) == ("AUC", 1_500, False)
    assert found.after == pytest.approx(bare.after, abs=0.03)


def test_data_that_the_version_did_not_learn_from_is_told(taxi: TaxiVersion) -> None:
    taxi.ask(some_trips(1), FIRST)
    assert taxi.check(FIRST).newer_data is None
    (taxi.data / "trips.csv").write_text("fare\n1.0\n")
    taxi.ask(some_trips(2), SECOND)
    found = taxi.check(SECOND).newer_data
    assert found is not None
    assert (found.uri, found.span) == (str(taxi.data), None)


def test_only_the_window_the_version_and_its_users_are_counted(taxi: TaxiVersion) -> None:
    taxi.ask(some_trips(1), FIRST)
    dearer = some_trips(2).assign(fare=1_000.0)
    taxi.ask(dearer, SECOND)
    taxi.ask(dearer, FIRST, version=8)
    taxi.ask(dearer, FIRST, shadow=True)
    taxi.ask(dearer, FIRST, signature="transform_json")
    report = taxi.check(FIRST)
    assert drifted(report) == set()
    assert (report.window.rows, report.window.others) == (2_000, 2_000)


def test_what_cannot_be_read_is_counted_and_skipped(taxi: TaxiVersion) -> None:
    taxi.ask(some_trips(1), FIRST)
    taxi.write(["{broken", '{"fare": "much"}', "null", "[1]"], ["[0.5]"] * 4, FIRST)
    report = taxi.check(FIRST)
    window = report.window
    assert (window.requests, window.rows, window.malformed, window.withheld) == (2_004, 2_000, 3, 1)
    assert drifted(report) == set()


def test_what_the_log_hides_is_not_compared_with_the_training_data(taxi: TaxiVersion) -> None:
    taxi.log_rules = LogRules(hash=["company"], drop=["payment_type"])
    hidden = some_trips(1).assign(company="d41d8cd98f").drop(columns="payment_type")
    for hour in (FIRST, SECOND):
        taxi.ask(hidden, hour)
    first, second = taxi.check(FIRST), taxi.check(SECOND)
    assert drifted(first) == drifted(second) == set()
    assert first.anomalies == []
    hides = [note for note in first.notes if "request log" in note]
    assert [note.partition(":")[0] for note in hides] == ["company, payment_type"]
    compared = {finding.column for finding in second.findings if finding.kind is DriftKind.FEATURE}
    assert "company" in compared
    assert "payment_type" not in compared


def test_what_the_schema_does_not_know_is_told(taxi: TaxiVersion) -> None:
    taxi.ask(some_trips(1).assign(payment_type="Barter"), FIRST)
    report = taxi.check(FIRST)
    (anomaly,) = report.anomalies
    assert anomaly.column == "payment_type"
    assert "Barter" in anomaly.reason
    assert (DriftKind.SKEW, "payment_type", Measure.CATEGORIES) in drifted(report)


def test_a_model_chooses_what_is_compared(taxi: TaxiVersion) -> None:
    taxi.drift = Drift(kinds=[DriftKind.PREDICTION])
    taxi.ask(some_trips(1).assign(payment_type="Barter"), FIRST)
    report = taxi.check(FIRST)
    assert {finding.kind for finding in report.findings} == {DriftKind.PREDICTION}


def test_a_window_without_rows_says_so(taxi: TaxiVersion) -> None:
    taxi.write(["[1]"], ["[0.5]"], FIRST)
    with pytest.raises(InputError, match=r"found 1, 1 of their instances damaged"):
        taxi.check(FIRST)


def test_rows_and_serialized_examples_are_compared_in_the_columns_of_both(
    taxi: TaxiVersion,
) -> None:
    taxi.ask(some_trips(1), FIRST)
    taxi.write(['{"b64": "not base 64"}'], ["[0.5]"], FIRST, signature="serving_default")
    report = taxi.check(FIRST)
    assert set(report.window.columns) == set(taxi.columns)
    assert report.window.malformed == 1


def test_the_page_of_a_check_draws_the_checks_of_its_version_before_it(taxi: TaxiVersion) -> None:
    for hour in (FIRST, SECOND, THIRD):
        taxi.ask(some_trips(hour).assign(fare=lambda trips: trips.fare * 1.5), hour)
    again = with_distance(taxi.check(FIRST), 0.9)
    taxi.check(SECOND)
    later = again.window.model_copy(update={"until": again.window.until.replace(year=2027)})
    differences = {"version": VERSION + 1}, {"model": "wine"}, {"window": later}, {}
    for number, difference in enumerate(differences, start=1):
        taxi.file(again.model_copy(update=difference), number)
    taxi.check(THIRD)
    page = read_page((Path(taxi.reports[-1].uri) / PAGE_FILE).read_text(encoding="utf-8"))
    line = page.all("article")[0].all("svg")[1]
    assert line.attributes["aria-label"].startswith("Line chart of distance of 3 checks")
    (points,) = (g for g in line.all("g") if "mark-symbol" in g.attributes.get("class", ""))
    heights = [
        float(path.attributes["transform"][:-1].split(",")[1]) for path in points.all("path")
    ]
    assert heights[0] < min(heights[1:])


def with_distance(report: DriftReport, distance: float) -> DriftReport:
    findings = [each.model_copy(update={"distance": distance}) for each in report.findings]
    return report.model_copy(update={"findings": findings})
