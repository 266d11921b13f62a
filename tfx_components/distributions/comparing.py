"""Measures with TFDV's own comparators how far apart two samples of a column lie."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from tfx_components.distributions.columns import Column

# A feature of its own beside each column, since TFDV compares values and not their absence.
_PRESENCE = "presence of "
_PRESENT, _MISSING = "present", "missing"

Samples = Mapping[str, Column]


def measure(before: Samples, after: Samples) -> dict[str, tuple[float | None, float]]:
    """How far apart two samples lie, for each column of `before`, and for its missing values.

    The first number is the Jensen-Shannon divergence (base 2) of numbers, and the largest
    difference of a value's shares (L-infinity) of categories; None when one of them has no value,
    or numbers where the other has categories.
    The second is the difference of the shares of rows that have a value.
    """
    schema = schema_pb2.Schema()
    for name, column in before.items():
        if _comparable(column, after.get(name)):
            _compare(schema.feature.add(name=name), column.is_numeric)
        _compare(schema.feature.add(name=_PRESENCE + name), numeric=False)
    anomalies = tfdv.validate_statistics(
        _statistics(after, before), schema, previous_statistics=_statistics(before, before)
    )
    measured = {
        info.path.step[0]: info.drift_measurements[0].value for info in anomalies.drift_skew_info
    }
    return {name: (measured.get(name), measured.get(_PRESENCE + name, 0.0)) for name in before}


def _comparable(one: Column, other: Column | None) -> bool:
    return bool(other and one.size and other.size and one.is_numeric == other.is_numeric)


def _compare(feature: schema_pb2.Feature, numeric: bool) -> None:
    comparator = feature.drift_comparator
    if numeric:
        feature.type = schema_pb2.FLOAT
        comparator.jensen_shannon_divergence.threshold = 0
        comparator.jensen_shannon_divergence.source.type = schema_pb2.HistogramSelection.QUANTILES
    else:
        feature.type = schema_pb2.BYTES
        comparator.infinity_norm.threshold = 0


def _statistics(sample: Samples, wanted: Samples) -> statistics_pb2.DatasetFeatureStatisticsList:
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    rows = max((column.present + column.missing for column in sample.values()), default=0)
    dataset = statistics.datasets.add(num_examples=rows)
    for name in wanted:
        column = sample.get(name)
        if column and column.size and column.is_numeric == wanted[name].is_numeric:
            _add_values(dataset.features.add(), column)
        present = column.present if column else 0
        _add_ranks(
            dataset.features.add(), _PRESENCE + name, {_PRESENT: present, _MISSING: rows - present}
        )
    return statistics


def _add_values(feature: statistics_pb2.FeatureNameStatistics, column: Column) -> None:
    if column.histogram is None:
        _add_ranks(feature, column.name, dict(zip(column.values, column.counts, strict=True)))
        return
    feature.path.step.append(column.name)
    feature.type = statistics_pb2.FeatureNameStatistics.FLOAT
    feature.num_stats.common_stats.num_non_missing = column.present
    feature.num_stats.histograms.append(column.histogram)


def _add_ranks(
    feature: statistics_pb2.FeatureNameStatistics, name: str, counts: Mapping[str, float]
) -> None:
    feature.path.step.append(name)
    feature.type = statistics_pb2.FeatureNameStatistics.STRING
    feature.string_stats.common_stats.num_non_missing = int(sum(counts.values()))
    for label, count in counts.items():
        if count:
            feature.string_stats.rank_histogram.buckets.add(label=label, sample_count=count)
