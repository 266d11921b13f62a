"""Counts numbers in given bins, as one of TFDV's generators: in memory and on Beam alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from tensorflow_data_validation.statistics.generators import stats_generator
from tensorflow_metadata.proto.v0 import statistics_pb2

from tfx_components.distributions.bins import Bins, Counts, Numbers

STATISTIC = "shared_bins"

_Counted = dict[str, Counts]


class SharedBins(stats_generator.CombinerStatsGenerator):
    """Adds to the statistics of each number column its histogram in these bins.

    Args:
      bins: By column.
    """

    def __init__(self, bins: Mapping[str, Bins]) -> None:
        super().__init__(name=STATISTIC)
        self._bins = dict(bins)

    def create_accumulator(self) -> _Counted:
        return {name: bins.count(np.empty(0)) for name, bins in self._bins.items()}

    def add_input(self, accumulator: _Counted, rows: pa.RecordBatch) -> _Counted:
        for name, bins in self._bins.items():
            accumulator[name] += bins.count(finite_numbers(rows, name))
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[_Counted]) -> _Counted:
        merged = self.create_accumulator()
        for counted in accumulators:
            for name, counts in counted.items():
                merged[name] += counts
        return merged

    def extract_output(self, accumulator: _Counted) -> statistics_pb2.DatasetFeatureStatistics:
        statistics = statistics_pb2.DatasetFeatureStatistics()
        for name, bins in self._bins.items():
            feature = statistics.features.add()
            feature.path.step.append(name)
            histogram = bins.histogram(accumulator[name])
            feature.custom_stats.add(name=STATISTIC, histogram=histogram)
        return statistics


def finite_numbers(rows: pa.RecordBatch, name: str) -> Numbers:
    """All values of a column, those of lists one by one; none when it is missing or no number."""
    index = rows.schema.get_field_index(name)
    if index < 0:
        return np.empty(0)
    column: Any = rows.column(index)
    while pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        column = column.flatten()
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return np.empty(0)
    values: Numbers = column.drop_null().to_numpy(zero_copy_only=False).astype(np.float64)
    return values[np.isfinite(values)]
