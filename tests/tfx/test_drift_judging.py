"""What counts as a drift: on resampled trips nearly nothing, of injected drifts nearly all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tests.tfx.drift_checks import scores_of, tips_of
from tests.tfx.trips import batch_of, drawn, read_trips
from tfx_components.distributions.columns import Column, bins_of, columns_of
from tfx_components.distributions.statistics import (
    options_for,
    reference_statistics,
    statistics_in_memory,
)
from tfx_components.drift_detector.judging import judge, judge_metric
from tfx_components.performance import Labelled
from tfx_components.request_statistics.predictions import prediction_rows
from tfx_contract.drift_report import Finding, Measure
from tfx_contract.drift_spec import Drift, DriftKind, Thresholds
from tfx_contract.training_spec import Threshold

TRIPS = read_trips()
LEAST = Drift().min_requests
(TRAINING,) = reference_statistics([batch_of(TRIPS)]).datasets
OPTIONS = options_for(bins_of(TRAINING))
DEFAULTS = Thresholds()

Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


def columns(trips: pd.DataFrame) -> dict[str, Column]:
    return columns_of(statistics_in_memory([batch_of(trips)], OPTIONS).datasets[0])


def findings(trips: pd.DataFrame, thresholds: Thresholds = DEFAULTS) -> list[Finding]:
    return judge(DriftKind.SKEW, columns_of(TRAINING), columns(trips), thresholds)


def drifted(trips: pd.DataFrame, thresholds: Thresholds = DEFAULTS) -> dict[str, Measure]:
    return {f.column: f.measure for f in findings(trips, thresholds) if f.drifted}


def some(
    trips: pd.DataFrame, random: np.random.Generator, share: float, column: str, value: object
) -> pd.DataFrame:
    """A share of the trips with another value."""
    chosen = random.random(len(trips)) < share
    return trips.assign(**{column: trips[column].where(~chosen, value)})


# What each drift does to the trips, and the column and the measure that must tell it.
DRIFTS: dict[str, tuple[Change, str, Measure]] = {
    "a category grows by 20 points": (
        lambda t, r: some(t, r, 0.36, "payment_type", "Credit Card"),
        "payment_type",
        Measure.CATEGORIES,
    ),
    "a new category has 15 percent": (
        lambda t, r: some(t, r, 0.15, "payment_type", "Prepaid"),
        "payment_type",
        Measure.CATEGORIES,
    ),
    "numbers shift by two dollars": (
        lambda t, r: t.assign(fare=t.fare + 2),
        "fare",
        Measure.NUMBERS,
    ),
    "numbers grow by a half": (lambda t, r: t.assign(fare=t.fare * 1.5), "fare", Measure.NUMBERS),
    "a unit changes": (
        lambda t, r: t.assign(trip_seconds=t.trip_seconds / 60),
        "trip_seconds",
        Measure.NUMBERS,
    ),
    "numbers collapse to one": (lambda t, r: t.assign(fare=12.0), "fare", Measure.NUMBERS),
    "a value is missing in 15 percent": (
        lambda t, r: some(t, r, 0.15, "trip_miles", None),
        "trip_miles",
        Measure.MISSING,
    ),
    "a column is missing": (
        lambda t, r: t.drop(columns="payment_type"),
        "payment_type",
        Measure.MISSING,
    ),
}


@pytest.mark.parametrize(("change", "column", "how"), DRIFTS.values(), ids=DRIFTS)
def test_of_the_smallest_windows_nine_in_ten_tell_a_drift(
    change: Change, column: str, how: Measure
) -> None:
    random = np.random.default_rng(5)
    windows = [change(drawn(TRIPS, LEAST, random), random) for _ in range(20)]
    # Nine in ten is what a single miss in twenty shows.
    assert sum(drifted(window).get(column) is how for window in windows) >= 19


@pytest.mark.parametrize("size", [LEAST, 10 * LEAST])
def test_resampled_trips_are_no_drift(size: int) -> None:
    random = np.random.default_rng(size)
    assert [drifted(drawn(TRIPS, size, random)) for _ in range(40)] == [{}] * 40


@pytest.mark.parametrize(("factor", "expected"), [(1.0, False), (1.1, False), (1.5, True)])
def test_a_verdict_does_not_flip_with_the_size_of_the_window(factor: float, expected: bool) -> None:
    for size in (LEAST, 5 * LEAST, 50 * LEAST):
        trips = drawn(TRIPS, size, np.random.default_rng(3))
        assert ("fare" in drifted(trips.assign(fare=trips.fare * factor))) is expected


def test_a_few_rows_prove_nothing() -> None:
    few = drawn(TRIPS, 12, np.random.default_rng(2))
    found = {(f.column, f.measure): f for f in findings(few)}
    fares = found["fare", Measure.NUMBERS]
    assert fares.threshold is not None
    assert fares.chance > fares.distance > fares.threshold
    assert not fares.drifted


def test_thresholds_of_a_column_go_before_the_defaults() -> None:
    dearer = TRIPS.assign(fare=TRIPS.fare * 1.5)
    assert drifted(dearer) == {"fare": Measure.NUMBERS}
    assert drifted(dearer, Thresholds(columns={"fare": 0.5})) == {}
    assert drifted(dearer, Thresholds(columns={"fare": None})) == {}
    assert drifted(dearer.drop(columns="fare"), Thresholds(columns={"fare": None})) == {}
    assert drifted(TRIPS, Thresholds(numbers=0.01)) == {}


def test_a_finding_shows_both_distributions_and_what_changed_most() -> None:
    random = np.random.default_rng(1)
    window = some(drawn(TRIPS, 5_000, random), random, 0.3, "payment_type", "Prepaid")
    (found,) = (f for f in findings(window) if f.drifted)
    assert (found.column, found.changes[0].value) == ("payment_type", "Prepaid")
    assert found.changes[0].after == pytest.approx(0.3, abs=0.03)
    assert found.distance == pytest.approx(0.3, abs=0.03)
    assert len(found.labels) == len(found.before.shares) == len(found.after.shares)
    assert sum(found.after.shares) == pytest.approx(1)
    assert found.after.values == 5_000
    assert found.sentence.startswith("payment_type: largest difference of a share 0.")
    fares = next(f for f in findings(window) if f.column == "fare")
    assert len(fares.edges) == len(fares.before.shares) + 1


PREDICTED = reference_statistics([prediction_rows(scores_of(TRIPS))]).datasets[0]
DEAR = TRIPS.fare > 20


def predictions_drifted(scores: list[list[float]]) -> bool:
    """Whether a window's predictions drifted from those of all trips."""
    options = options_for(bins_of(PREDICTED))
    window = statistics_in_memory([prediction_rows(scores)], options).datasets[0]
    pair = columns_of(PREDICTED), columns_of(window)
    return any(found.drifted for found in judge(DriftKind.PREDICTION, *pair, DEFAULTS))


def of_shifted_labels(random: np.random.Generator) -> list[list[float]]:
    """Predictions of trips of which every second is dear, and not one in seven."""
    dear = int(0.5 * LEAST)
    trips = [drawn(TRIPS[DEAR], dear, random), drawn(TRIPS[~DEAR], LEAST - dear, random)]
    return scores_of(pd.concat(trips), seed=int(random.integers(1_000)))


def of_a_collapse(random: np.random.Generator) -> list[list[float]]:
    """Every second answer is the same, whatever was asked."""
    scores = scores_of(drawn(TRIPS, LEAST, random), seed=int(random.integers(1_000)))
    return [[0.5] if random.random() < 0.5 else score for score in scores]


@pytest.mark.parametrize("window", [of_shifted_labels, of_a_collapse])
def test_of_the_smallest_windows_nine_in_ten_tell_a_drift_of_predictions(
    window: Callable[[np.random.Generator], list[list[float]]],
) -> None:
    random = np.random.default_rng(6)
    assert sum(predictions_drifted(window(random)) for _ in range(20)) >= 19


def test_predictions_of_resampled_trips_are_no_drift() -> None:
    random = np.random.default_rng(7)
    windows = [scores_of(drawn(TRIPS, LEAST, random), seed=seed) for seed in range(1, 41)]
    assert not any(map(predictions_drifted, windows))


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.5, 3)])
def test_wrong_answers_in_a_small_window_are_a_drift_of_performance(
    share: float, expected: int
) -> None:
    before = Labelled.of(list(zip(scores_of(TRIPS), tips_of(TRIPS), strict=True)))
    assert before is not None
    limit, random, found = Threshold(may_worsen_by=0.02), np.random.default_rng(8), 0
    for seed in range(1, 4):
        trips = drawn(TRIPS, LEAST, random)
        flips = random.random(LEAST) < share
        tips = np.array(tips_of(trips, seed))
        truth = np.where(flips, 1 - tips, tips).tolist()
        after = Labelled.of(list(zip(scores_of(trips, seed), truth, strict=True)))
        assert after is not None
        finding = judge_metric("AUC", limit, before, after)
        assert finding is not None
        found += finding.drifted
    assert found == expected
