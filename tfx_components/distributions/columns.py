"""What the statistics of a data set say of each column's distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tensorflow_metadata.proto.v0 import statistics_pb2

from tfx_components.distributions.bins import Bins, Counts
from tfx_components.distributions.shared_bins import STATISTIC


@dataclass(frozen=True)
class Column:
    """One column of one sample of rows.

    `counts` are of the bins, and `values` is empty; or of the values, the most frequent first.
    """

    name: str
    present: int  # rows with a value
    missing: int  # rows without
    counts: Counts
    values: tuple[str, ...] = ()
    histogram: statistics_pb2.Histogram | None = None

    @property
    def is_numeric(self) -> bool:
        return self.histogram is not None

    @property
    def size(self) -> int:
        """How many values were counted; lists have several a row."""
        return int(self.counts.sum())


def columns_of(statistics: statistics_pb2.DatasetFeatureStatistics) -> dict[str, Column]:
    """The columns that can be compared, by name: categories, and numbers that have bins."""
    found = (_column(feature, statistics.num_examples) for feature in statistics.features)
    return {column.name: column for column in found if column}


def _column(feature: statistics_pb2.FeatureNameStatistics, rows: int) -> Column | None:
    name = ".".join(feature.path.step) or feature.name
    if feature.HasField("string_stats"):
        ranked = feature.string_stats.rank_histogram.buckets
        present = feature.string_stats.common_stats.num_non_missing
        values = tuple(bucket.label for bucket in ranked)
        counts = np.array([bucket.sample_count for bucket in ranked], dtype=np.int64)
        return Column(name, present, rows - present, counts, values)
    histogram = next((s.histogram for s in feature.custom_stats if s.name == STATISTIC), None)
    if histogram is None:
        return None
    present = feature.num_stats.common_stats.num_non_missing
    counts = np.array([bucket.sample_count for bucket in histogram.buckets], dtype=np.int64)
    return Column(name, present, rows - present, counts, histogram=histogram)


def bins_of(statistics: statistics_pb2.DatasetFeatureStatistics) -> dict[str, Bins]:
    """The bins that the statistics of a reference were counted in."""
    return {
        name: Bins.from_histogram(column.histogram)
        for name, column in columns_of(statistics).items()
        if column.histogram is not None
    }
