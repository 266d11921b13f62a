"""Distributions in shared bins: what is counted, how far apart they lie, and what chance makes."""

from __future__ import annotations

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pytest
import tensorflow_data_validation as tfdv
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from tfx_components.distributions.bins import MOST_BINS, Bins
from tfx_components.distributions.chance import (
    QUANTILE,
    difference_by_chance,
    divergence_by_chance,
)
from tfx_components.distributions.columns import Column, columns_of
from tfx_components.distributions.comparing import measure
from tfx_components.distributions.shared_bins import SharedBins, finite_numbers
from tfx_components.distributions.statistics import statistics_in_memory

RANDOM = np.random.default_rng(7)
SHOPS = ["north", "south", "east"]


def rows(size: int, random: np.random.Generator = RANDOM, scale: float = 1.0) -> pa.RecordBatch:
    """Prices with a long tail, hours, and shops that one row in ten does not tell."""
    shops = [
        None if random.random() < 0.1 else [shop.encode()]
        for shop in random.choice(SHOPS, size, p=[0.6, 0.3, 0.1])
    ]
    return pa.RecordBatch.from_pydict(
        {
            "price": pa.array(
                [[price] for price in scale * random.lognormal(2, 1, size)],
                pa.large_list(pa.float32()),
            ),
            "hour": pa.array(
                [[hour] for hour in random.integers(0, 24, size)], pa.large_list(pa.int64())
            ),
            "shop": pa.array(shops, pa.large_list(pa.large_binary())),
        }
    )


TRAINING = rows(20_000)
BINS = {name: Bins.of(finite_numbers(TRAINING, name)) for name in ("price", "hour")}
OPTIONS = tfdv.StatsOptions(generators=[SharedBins(BINS)])


def columns(*batches: pa.RecordBatch) -> dict[str, Column]:
    return columns_of(statistics_in_memory(batches, OPTIONS).datasets[0])


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), max_size=200),
    st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), max_size=50),
)
def test_every_number_falls_into_one_bin(values: list[float], others: list[float]) -> None:
    bins = Bins.of(np.array(values, dtype=np.float64))
    assert bins.count(np.array(others, dtype=np.float64)).sum() == len(others)
    histogram = bins.histogram(bins.count(np.array(values, dtype=np.float64)))
    assert sum(bucket.sample_count for bucket in histogram.buckets) == len(values)
    assert np.array_equal(Bins.from_histogram(histogram).edges, bins.edges)


def test_bins_hold_about_as_many_numbers_each() -> None:
    values = RANDOM.normal(size=10_000)
    counts = Bins.of(values).count(values)
    assert counts.size == MOST_BINS
    assert counts.min() >= 0.9 * counts.max()


def test_few_different_numbers_have_a_bin_each() -> None:
    values = np.array([1.0, 1.0, 2.0, 7.0])
    assert Bins.of(values).count(values).tolist() == [2, 1, 1]


def test_a_number_that_is_frequent_has_a_bin_of_its_own() -> None:
    values = np.concatenate([np.zeros(5_000), RANDOM.random(5_000) - 0.25])
    counts = Bins.of(values).count(values)
    assert 5_000 in counts


def test_batches_and_beam_give_the_statistics_of_the_whole() -> None:
    whole = statistics_in_memory([TRAINING], OPTIONS)
    parts = [TRAINING.slice(start, 3_000) for start in range(0, TRAINING.num_rows, 3_000)]
    assert columns(*parts).keys() == columns(TRAINING).keys()
    for name, column in columns(*parts).items():
        assert column.counts.tolist() == columns(TRAINING)[name].counts.tolist()
    assert _summary(statistics_in_memory(parts, OPTIONS)) == _summary(whole)
    with beam.Pipeline() as pipeline:
        made = pipeline | beam.Create(parts) | tfdv.GenerateStatistics(OPTIONS)
        summaries = made | beam.Map(_summary)
        assert_that(summaries, equal_to([_summary(whole)]))


def test_missing_values_and_columns_are_counted() -> None:
    shop = columns(TRAINING)["shop"]
    assert shop.present + shop.missing == TRAINING.num_rows
    assert 0.08 < shop.missing / TRAINING.num_rows < 0.12
    without = columns(TRAINING.select(["price", "hour"]))
    assert measure(columns(TRAINING), without)["shop"] == (
        None,
        pytest.approx(shop.present / TRAINING.num_rows),
    )


def test_the_distance_is_the_jensen_shannon_divergence_of_the_shares() -> None:
    before, after = columns(TRAINING), columns(rows(3_000, scale=1.5))
    one, other = (sample["price"].counts / sample["price"].size for sample in (before, after))
    middle = (one + other) / 2
    expected = (one @ np.log2(one / middle) + other @ np.log2(other / middle)) / 2
    assert measure(before, after)["price"][0] == pytest.approx(expected, rel=1e-6)


def test_the_distance_of_categories_is_the_largest_difference_of_their_shares() -> None:
    before = columns(TRAINING)
    moved = TRAINING.set_column(
        2, "shop", pa.array([[b"west"]] * TRAINING.num_rows, pa.large_list(pa.large_binary()))
    )
    assert measure(before, columns(moved))["shop"][0] == pytest.approx(1.0)


def test_numbers_where_categories_were_are_not_compared() -> None:
    numbers = TRAINING.set_column(2, "shop", TRAINING.column("hour"))
    assert measure(columns(TRAINING), columns(numbers))["shop"][0] is None


@pytest.mark.parametrize("size", [500, 5_000])
def test_chance_goes_beyond_its_quantile_as_rarely_as_it_says(size: int) -> None:
    before = columns(TRAINING)
    beyond = tried = 0
    random = np.random.default_rng(size)
    limits = {name: _by_chance(column, size) for name, column in before.items()}
    for _ in range(250):
        for name, (distance, _) in measure(before, _drawn(before, size, random)).items():
            tried += 1
            beyond += distance is not None and distance > limits[name]
    # Five standard deviations of so many tries.
    expected = tried * (1 - QUANTILE)
    assert beyond <= expected + 5 * expected**0.5


def test_chance_makes_less_of_larger_samples() -> None:
    column = columns(TRAINING)["price"]
    small, large = (_by_chance(column, size) for size in (500, 50_000))
    assert small > 5 * large


def _by_chance(column: Column, size: int) -> float:
    by_chance = divergence_by_chance if column.is_numeric else difference_by_chance
    return by_chance(column.counts.astype(float), (column.size, size))


def _drawn(sample: dict[str, Column], size: int, random: np.random.Generator) -> dict[str, Column]:
    """Another sample of the same distribution, without the rows."""
    drawn = {}
    for name, column in sample.items():
        counts = random.multinomial(size, column.counts / column.size)
        histogram = BINS[name].histogram(counts) if column.is_numeric else None
        drawn[name] = Column(name, size, 0, counts, column.values, histogram)
    return drawn


def _summary(statistics: tfdv.types.statistics_pb2.DatasetFeatureStatisticsList) -> list[str]:
    (dataset,) = statistics.datasets
    return [
        str(dataset.num_examples),
        *sorted(str(feature) for feature in dataset.features),
    ]
