"""The verdict on a canary, and what it rests on: counters, comparisons, distances."""

from __future__ import annotations

import random

import pytest

from tfx_airflow.serving.counters import Counters
from tfx_airflow.serving.distance import distance, largest_distance
from tfx_airflow.serving.verdict import (
    Check,
    Decision,
    compare_errors,
    compare_latency,
    compare_predictions,
    judge,
    lower_bound_of_difference,
    wilson,
)
from tfx_contract.serving_spec import Canary

RULES = Canary(window_minutes=10, longest_minutes=60, min_requests=100)
BOUNDS = (1.0, 2.0, 4.0, 8.0, 16.0)


def counted(requests: int, errors: int = 0, bucket: int = 1) -> Counters:
    buckets = [0] * (len(BOUNDS) + 1)
    buckets[bucket] = requests - errors
    return Counters(requests, errors, "start", BOUNDS, tuple(buckets))


@pytest.mark.parametrize(
    ("canary", "live", "minutes", "decision"),
    [
        (counted(200), counted(1800), 11, Decision.PROMOTE),
        (counted(200), counted(1800), 9, Decision.WATCH),
        (counted(99), counted(900), 30, Decision.WATCH),
        (counted(99), counted(900), 60, Decision.INCONCLUSIVE),
        (counted(0), counted(0), 60, Decision.INCONCLUSIVE),
        (counted(200, errors=100), counted(1800), 11, Decision.ROLL_BACK),
        # Two of a hundred may be chance, and would be 2 %: watched on, and never promoted.
        (counted(100, errors=2), counted(900), 11, Decision.WATCH),
        (counted(100, errors=2), counted(900), 60, Decision.INCONCLUSIVE),
        # Both fail alike: callers' mistakes.
        (counted(200, errors=20), counted(1800, errors=180), 11, Decision.PROMOTE),
        (counted(200, bucket=4), counted(1800, bucket=1), 11, Decision.ROLL_BACK),
    ],
)
def test_the_decision(canary: Counters, live: Counters, minutes: float, decision: Decision) -> None:
    assert judge(canary, live, minutes, RULES).decision is decision


def test_errors_that_cannot_be_chance_end_the_watch_at_once() -> None:
    verdict = judge(counted(20, errors=15), counted(180), 0.2, RULES)
    assert verdict.decision is Decision.ROLL_BACK
    assert "75.00%" in verdict.reason
    assert verdict.numbers["error_rate"] == 0.75
    assert verdict.numbers["requests"] == 20


def test_one_failed_request_of_three_is_no_verdict() -> None:
    assert judge(counted(3, errors=1), counted(300), 0.2, RULES).decision is Decision.WATCH


def test_predictions_that_lie_far_apart_roll_back_with_their_numbers() -> None:
    far = compare_predictions(0.5, 200, 900, 0.3)
    verdict = judge(counted(200), counted(1800), 11, RULES, far)
    assert verdict.decision is Decision.ROLL_BACK
    assert verdict.reason == "Jensen-Shannon distance of the predictions 0.500, at most 0.3"
    assert verdict.numbers["prediction_distance"] == 0.5


def test_predictions_without_a_log_are_not_compared_and_that_is_said() -> None:
    unknown = compare_predictions(None, 0, 0, 0.3, "there is no request log")
    verdict = judge(counted(200), counted(1800), 11, RULES, unknown)
    assert verdict.decision is Decision.PROMOTE
    assert "predictions: not compared, there is no request log" in verdict.reason


def test_newcombes_own_example_of_the_hybrid_score_interval() -> None:
    # R. G. Newcombe 1998, table II: 56 of 70 against 48 of 80, at 95 % on two sides.
    assert lower_bound_of_difference((56, 70), (48, 80), 1.96) == pytest.approx(0.0524, abs=5e-4)


def test_wilsons_interval_stays_between_0_and_1() -> None:
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == 1.0
    low, high = wilson(5, 10)
    assert low == pytest.approx(1 - high)


def test_too_few_answers_have_no_95th_percentile() -> None:
    assert compare_latency(counted(19, bucket=5), counted(900), 2).check is Check.NOT_COMPARED


def test_a_percentile_that_is_slower_by_chance_is_unsure() -> None:
    # Two slow answers of thirty are within what chance makes of one in twenty.
    fast = Counters(30, 0, "s", BOUNDS, (0, 28, 0, 0, 2, 0))
    steady = Counters(900, 0, "s", BOUNDS, (0, 860, 0, 0, 40, 0))
    assert compare_latency(fast, steady, 2).check is not Check.WORSE


def test_a_live_version_that_nobody_asks_cannot_be_worse() -> None:
    assert compare_errors(counted(100), counted(0), 0.01).check is Check.PASSED
    assert compare_errors(counted(100, errors=50), counted(0), 0.01).check is Check.WORSE


def test_counters_since_a_moment_are_a_difference() -> None:
    start, now = counted(100, errors=5), counted(150, errors=6)
    beyond = now.beyond(start)
    assert (beyond.requests, beyond.errors, beyond.timed) == (50, 1, 49)
    assert Counters.from_json(beyond.as_json()) == beyond


def test_counters_of_a_process_that_was_started_anew_count_from_nothing() -> None:
    start = counted(100, errors=5)
    now = Counters(7, 1, "later", BOUNDS, (0, 6, 0, 0, 0, 0))
    assert now.beyond(start) == now


def test_a_quantile_is_linear_inside_of_a_bucket() -> None:
    assert counted(100, bucket=1).quantile(0.5) == pytest.approx(1.5)
    assert Counters().quantile(0.95) == 0.0


def test_the_distance_of_equal_and_of_disjoint_samples() -> None:
    assert distance([1.0, 2.0] * 50, [1.0, 2.0] * 50) == 0.0
    assert distance(["a"] * 50, ["b"] * 50) == pytest.approx(1.0)


def test_two_samples_of_one_distribution_lie_close() -> None:
    draw = random.Random(7)
    new = [draw.random() for _ in range(100)]
    old = [draw.random() for _ in range(900)]
    shifted = [value / 4 for value in new]
    assert distance(new, old) < 0.3 < distance(shifted, old)


def test_the_part_of_the_predictions_that_differs_most_counts() -> None:
    new = [{"tip": [0.1, 0.9], "kind": "cash"}] * 60
    old = [{"tip": [0.1, 0.2], "kind": "cash"}] * 60
    assert largest_distance(new, old) == pytest.approx(1.0)
    assert largest_distance(new, new) == 0.0
    assert largest_distance(new, [0.5] * 60) == 1.0
