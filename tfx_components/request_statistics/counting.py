"""Counts the requests of a window, in the bins of the reference and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_components.distributions.columns import bins_of
from tfx_components.distributions.reference import DataSet, Reference
from tfx_components.distributions.statistics import StatisticsInMemory, options_for
from tfx_components.request_statistics.payloads import Parts, take_apart
from tfx_components.request_statistics.predictions import decoded, prediction_rows
from tfx_components.request_statistics.rows import RowReader
from tfx_components.request_statistics.signatures import Asked
from tfx_request_log.records import Payload

# As many labelled answers tell a metric well enough.
_MOST_LABELLED = 200_000


@dataclass
class Counted:
    """What a window holds.

    Attributes:
      malformed: Instances that cannot be read, and requests that cannot be taken apart.
      labelled: Pairs of a prediction and its ground truth, as JSON has them; not all of very many.
    """

    requests: int = 0
    malformed: int = 0
    withheld: int = 0
    others: int = 0
    labelled: list[tuple[Any, Any]] = field(default_factory=list)


class WindowCounter:
    """Takes requests batch by batch, and holds none of them.

    Args:
      reference: Of the version that answered.
      asked: What its requests can be compared in.
    """

    def __init__(self, reference: Reference, asked: Asked) -> None:
        self.counted = Counted()
        self._asked = asked
        schema = narrowed(reference.schema, asked.columns)
        self._reader = RowReader(schema, asked.columns)
        bins = {n: b for n, b in bins_of(reference.rows).items() if n in asked.columns}
        self._rows = StatisticsInMemory(options_for(bins, schema))
        predicted = reference.predictions
        self._predictions = StatisticsInMemory(
            options_for(bins_of(predicted)) if predicted is not None else tfdv.StatsOptions()
        )

    def add(self, payloads: Sequence[Payload]) -> None:
        """Counts requests."""
        parts = take_apart(payloads, self._asked.signatures)
        rows = self._reader.read(parts.instances)
        self._rows.add(rows.batch)
        self._predictions.add(prediction_rows(decoded(parts.predictions)))
        self._count(parts, len(payloads), rows.malformed, rows.withheld)

    @cached_property
    def rows(self) -> DataSet:
        """The statistics of the instances; nothing can be added any more."""
        return self._rows.result().datasets[0]

    @cached_property
    def predictions(self) -> DataSet:
        """The statistics of the predictions, likewise."""
        return self._predictions.result().datasets[0]

    def _count(self, parts: Parts, requests: int, malformed: int, withheld: int) -> None:
        counted = self.counted
        counted.requests += requests
        counted.malformed += parts.malformed + malformed
        counted.withheld += withheld
        counted.others += parts.others
        room = _MOST_LABELLED - len(counted.labelled)
        some = parts.labelled[:room]
        texts = decoded([prediction for prediction, _ in some])
        counted.labelled += zip(texts, (label for _, label in some), strict=True)


def count_window(
    batches: Iterable[Sequence[Payload]], reference: Reference, asked: Asked
) -> WindowCounter:
    """Counts all requests of a window."""
    counter = WindowCounter(reference, asked)
    for payloads in batches:
        counter.add(payloads)
    return counter


def narrowed(schema: schema_pb2.Schema, columns: Sequence[str]) -> schema_pb2.Schema:
    """The schema of these columns alone, its domains included."""
    result = schema_pb2.Schema()
    result.CopyFrom(schema)
    kept = [feature for feature in schema.feature if feature.name in columns]
    del result.feature[:]
    result.feature.extend(kept)
    return result
