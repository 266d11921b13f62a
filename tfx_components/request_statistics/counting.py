"""Counts the requests of a window, in the bins of the reference and in bounded memory."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_components.distributions.columns import bins_of
from tfx_components.distributions.reference import DataSet, Reference
from tfx_components.distributions.statistics import StatisticsInMemory, options_for
from tfx_components.request_statistics.reading import Counted, RequestReader
from tfx_components.request_statistics.signatures import Asked
from tfx_request_log.records import Payload


@dataclass(frozen=True)
class WindowStatistics:
    """What a window holds: the statistics of its instances, of its predictions, and the rest."""

    rows: DataSet
    predictions: DataSet
    counted: Counted


def count_window(
    batches: Iterable[Sequence[Payload]], reference: Reference, asked: Asked
) -> WindowStatistics:
    """Counts all requests of a window, batch by batch, and holds none of them.

    Args:
      batches: Requests to one version.
      reference: Of that version.
      asked: What its requests can be compared in.
    """
    reader = RequestReader(reference.schema, asked)
    rows = StatisticsInMemory(row_options(reference, asked))
    predictions = StatisticsInMemory(prediction_options(reference))
    counted = Counted()
    with _collector_paused():
        for payloads in batches:
            read = reader.read(payloads)
            rows.add(read.rows)
            predictions.add(read.predictions)
            counted.add(read.counted)
    return WindowStatistics(rows.result().datasets[0], predictions.result().datasets[0], counted)


def row_options(reference: Reference, asked: Asked) -> tfdv.StatsOptions:
    """What is computed of the instances."""
    bins = {name: b for name, b in bins_of(reference.rows).items() if name in asked.columns}
    return options_for(bins, narrowed(reference.schema, asked.columns))


def prediction_options(reference: Reference) -> tfdv.StatsOptions:
    """What is computed of the predictions."""
    predicted = reference.predictions
    return options_for({} if predicted is None else bins_of(predicted))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Python would look for cycles among millions of short lists, and take twice the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def narrowed(schema: schema_pb2.Schema, columns: Sequence[str]) -> schema_pb2.Schema:
    """The schema of these columns alone, its domains included."""
    result = schema_pb2.Schema()
    result.CopyFrom(schema)
    kept = [feature for feature in schema.feature if feature.name in columns]
    del result.feature[:]
    result.feature.extend(kept)
    return result
