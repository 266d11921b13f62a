"""What points of Cloud Monitoring add up to."""

from __future__ import annotations

from typing import Any

import pytest
from google.api.distribution_pb2 import Distribution

from tfx_airflow.serving.cloud_monitoring import Tally, upper_bounds
from tfx_airflow.serving.counters import Counters


def distribution(counts: list[int], **options: Any) -> Distribution:
    return Distribution(bucket_counts=counts, bucket_options=options)


@pytest.mark.parametrize(
    ("options", "bounds"),
    [
        ({"explicit_buckets": {"bounds": [1.0, 5.0]}}, [1.0, 5.0]),
        (
            {"linear_buckets": {"num_finite_buckets": 2, "width": 10.0, "offset": 5.0}},
            [5.0, 15.0, 25.0],
        ),
        (
            {"exponential_buckets": {"num_finite_buckets": 3, "growth_factor": 2.0, "scale": 0.5}},
            [0.5, 1.0, 2.0, 4.0],
        ),
        ({}, []),
    ],
)
def test_every_kind_of_buckets_has_its_upper_bounds(options: Any, bounds: list[float]) -> None:
    assert upper_bounds(distribution([], **options).bucket_options) == bounds


def test_points_whose_last_buckets_are_left_out_add_up() -> None:
    tally = Tally()
    for counts in ([1, 2], [0, 1, 4], []):
        tally.add_latencies(distribution(counts, explicit_buckets={"bounds": [10.0, 20.0]}))
    assert tally.counters == Counters(bounds=(10.0, 20.0), buckets=(1, 3, 4))
    assert tally.counters.quantile(0.5) == 20.0


def test_points_with_other_buckets_fit_in() -> None:
    tally = Tally()
    tally.add_latencies(distribution([1, 1, 1], explicit_buckets={"bounds": [10.0, 20.0]}))
    tally.add_latencies(distribution([1, 1], explicit_buckets={"bounds": [15.0]}))
    assert tally.counters == Counters(bounds=(10.0, 15.0, 20.0), buckets=(1, 1, 1, 2))


def test_a_full_queue_says_nothing_of_a_version_where_it_can_be_told_from_other_errors() -> None:
    tally = Tally()
    for code, count in {"2xx": 90, "200": 1, "429": 1000, "404": 2, "4xx": 3, "5xx": 4}.items():
        tally.add_responses(code, count)
    assert (tally.requests, tally.errors) == (100, 9)


def test_nothing_counted_is_counted_from_nothing() -> None:
    tally = Tally()
    tally.add_responses("2xx", 5)
    tally.add_latencies(distribution([2, 3], explicit_buckets={"bounds": [10.0]}))
    assert tally.counters.beyond(Counters()) == tally.counters
