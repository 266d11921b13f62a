"""TFDV's statistics of rows, in memory and batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from tfx_components.distributions.bins import Bins
from tfx_components.distributions.shared_bins import SharedBins, finite_numbers


class StatisticsInMemory:
    """Takes rows batch by batch, and holds none of them.

    Args:
      options: What to compute. Generators must be combiners.
    """

    def __init__(self, options: tfdv.StatsOptions) -> None:
        self._generators = stats_impl.get_generators(options, in_memory=True)
        self._partial = [generator.create_accumulator() for generator in self._generators]

    def add(self, batch: pa.RecordBatch) -> None:
        """Counts rows; columns are lists, as in TFX, and any batch may lack any of them."""
        self._partial = [
            generator.add_input(so_far, batch)
            for generator, so_far in zip(self._generators, self._partial, strict=True)
        ]

    def result(self) -> statistics_pb2.DatasetFeatureStatisticsList:
        """The statistics of all batches together; to be asked for once, at the end."""
        result: statistics_pb2.DatasetFeatureStatisticsList = stats_impl.extract_statistics_output(
            self._partial, self._generators
        )
        return result


def statistics_in_memory(
    batches: Iterable[pa.RecordBatch], options: tfdv.StatsOptions
) -> statistics_pb2.DatasetFeatureStatisticsList:
    """The statistics of all batches together."""
    statistics = StatisticsInMemory(options)
    for batch in batches:
        statistics.add(batch)
    return statistics.result()


def reference_statistics(
    batches: Sequence[pa.RecordBatch], schema: schema_pb2.Schema | None = None
) -> statistics_pb2.DatasetFeatureStatisticsList:
    """The statistics of rows that others will be compared with: in bins of their own."""
    names = dict.fromkeys(name for batch in batches for name in batch.schema.names)
    numbers = {
        name: np.concatenate([finite_numbers(batch, name) for batch in batches]) for name in names
    }
    bins = {name: Bins.of(values) for name, values in numbers.items() if values.size}
    return statistics_in_memory(batches, options_for(bins, schema))


def options_for(
    bins: dict[str, Bins], schema: schema_pb2.Schema | None = None
) -> tfdv.StatsOptions:
    """What is computed of rows that are compared in these bins, in memory and on Beam alike."""
    return tfdv.StatsOptions(
        generators=[SharedBins(bins)],
        schema=schema,
        # In memory TFDV knows no other way to count values, and on Beam has one of its own.
        experimental_use_sketch_based_topk_uniques=True,
    )
