"""Reads logged requests as the rows that are counted, whoever counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_components.request_statistics.payloads import take_apart
from tfx_components.request_statistics.predictions import decoded, prediction_rows
from tfx_components.request_statistics.rows import RowReader
from tfx_components.request_statistics.signatures import Asked
from tfx_request_log.records import Payload

# As many labelled answers tell a metric well enough.
_MOST_LABELLED = 200_000


@dataclass
class Counted:
    """What requests hold besides rows.

    Attributes:
      malformed: Instances that cannot be read, and requests that cannot be taken apart.
      labelled: Pairs of a prediction and its ground truth, as JSON has them; not all of very many.
    """

    requests: int = 0
    malformed: int = 0
    withheld: int = 0
    others: int = 0
    labelled: list[tuple[Any, Any]] = field(default_factory=list)

    def add(self, more: Counted) -> None:
        """Takes in what other requests hold."""
        self.requests += more.requests
        self.malformed += more.malformed
        self.withheld += more.withheld
        self.others += more.others
        self.labelled += more.labelled[: _MOST_LABELLED - len(self.labelled)]


@dataclass(frozen=True)
class ReadRequests:
    """Some requests: a row for each instance, a row for each prediction, and the rest."""

    rows: pa.RecordBatch
    predictions: pa.RecordBatch
    counted: Counted


class RequestReader:
    """Reads requests to one version.

    Args:
      schema: Of the rows that it learned from.
      asked: What its requests can be compared in.
    """

    def __init__(self, schema: schema_pb2.Schema, asked: Asked) -> None:
        self._signatures = asked.signatures
        self._rows = RowReader(schema, asked.columns)

    def read(self, payloads: Sequence[Payload]) -> ReadRequests:
        """Reads requests; what cannot be read is counted and skipped."""
        parts = take_apart(payloads, self._signatures)
        rows = self._rows.read(parts.instances)
        labelled = parts.labelled[:_MOST_LABELLED]
        predicted = decoded([prediction for prediction, _ in labelled])
        counted = Counted(
            requests=len(payloads),
            malformed=parts.malformed + rows.malformed,
            withheld=rows.withheld,
            others=parts.others,
            labelled=list(zip(predicted, (label for _, label in labelled), strict=True)),
        )
        return ReadRequests(rows.batch, prediction_rows(decoded(parts.predictions)), counted)
