"""Counts the requests of a window on Beam: the statistics of `count_window`, by many workers.

The window is cut by time, and every worker opens the log and reads its parts of it. So the log must
be a database that workers reach, and the folder of the results one that they share: with Dataflow a
PostgreSQL server and a bucket, with workers of this machine anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import apache_beam as beam
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.dsl.io import fileio

from tfx_components.distributions.reference import DataSet, Reference
from tfx_components.request_statistics.counting import (
    WindowStatistics,
    prediction_options,
    row_options,
)
from tfx_components.request_statistics.logged_window import LoggedWindow
from tfx_components.request_statistics.reading import Counted, ReadRequests, RequestReader
from tfx_components.request_statistics.signatures import Asked

# Many times as many as workers, since the night asks less than the day.
_PARTS = 1_000
_ROWS, _PREDICTIONS, _COUNTED = "rows", "predictions", "counted"


def count_on_beam(
    pipeline: beam.Pipeline, window: LoggedWindow, reference: Reference, asked: Asked, folder: str
) -> WindowStatistics:
    """Runs the pipeline, and reads what it wrote.

    Args:
      pipeline: An empty one.
      window: Requests to one version.
      reference: Of that version.
      asked: What its requests can be compared in.
      folder: For what the workers write.
    """
    with pipeline:
        read = (
            pipeline
            | "Parts" >> beam.Create(window.cut(_PARTS))
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(_Read(reference.schema, asked)).with_outputs()
        )
        _write_statistics(read[_ROWS], row_options(reference, asked), folder, _ROWS)
        _write_statistics(read[_PREDICTIONS], prediction_options(reference), folder, _PREDICTIONS)
        counted = read[_COUNTED] | "Add up" >> beam.CombineGlobally(_AddUp())
        _ = counted | "Write counted" >> beam.Map(_write_counted, f"{folder}/{_COUNTED}")
    return WindowStatistics(
        _read_statistics(f"{folder}/{_ROWS}"),
        _read_statistics(f"{folder}/{_PREDICTIONS}"),
        _read_counted(f"{folder}/{_COUNTED}"),
    )


class _Read(beam.DoFn):
    """Reads a part of the window from the log."""

    def __init__(self, schema: schema_pb2.Schema, asked: Asked) -> None:
        self._schema = schema
        self._asked = asked

    def setup(self) -> None:
        self._reader = RequestReader(self._schema, self._asked)

    def process(self, part: LoggedWindow) -> Iterator[beam.pvalue.TaggedOutput]:
        with part.open_log() as log:
            for payloads in log.payloads(*part.chosen):
                yield from _tagged(self._reader.read(payloads))


def _tagged(read: ReadRequests) -> Iterator[beam.pvalue.TaggedOutput]:
    yield beam.pvalue.TaggedOutput(_ROWS, read.rows)
    yield beam.pvalue.TaggedOutput(_PREDICTIONS, read.predictions)
    yield beam.pvalue.TaggedOutput(_COUNTED, read.counted)


class _AddUp(beam.CombineFn):
    """Adds counts up."""

    def create_accumulator(self) -> Counted:
        return Counted()

    def add_input(self, accumulator: Counted, counted: Counted) -> Counted:
        accumulator.add(counted)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Counted]) -> Counted:
        merged = Counted()
        for counted in accumulators:
            merged.add(counted)
        return merged

    def extract_output(self, accumulator: Counted) -> Counted:
        return accumulator


def _write_statistics(
    batches: beam.PCollection, options: tfdv.StatsOptions, folder: str, name: str
) -> None:
    _ = (
        batches
        | f"Count {name}" >> tfdv.GenerateStatistics(options)
        | f"Write {name}" >> tfdv.WriteStatisticsToBinaryFile(f"{folder}/{name}")
    )


def _read_statistics(path: str) -> DataSet:
    data_set: DataSet
    (data_set,) = tfdv.load_stats_binary(path).datasets
    return data_set


def _write_counted(counted: Counted, path: str) -> None:
    with fileio.open(path, "w") as file:
        file.write(json.dumps(asdict(counted)))


def _read_counted(path: str) -> Counted:
    with fileio.open(path) as file:
        values = json.loads(file.read())
    labelled = [(prediction, label) for prediction, label in values.pop("labelled")]
    return Counted(**values, labelled=labelled)
