"""Logged requests whose ground truth is known, as rows of raw columns with the raw label."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_components.ground_truth import raw_label
from tfx_components.request_statistics.one_row import Unfit
from tfx_components.request_statistics.payloads import take_apart
from tfx_components.request_statistics.rows import RowReader
from tfx_contract.data_spec import Data, DataFormat
from tfx_request_log.records import Payload

Row = dict[str, Any]


@dataclass
class LabelledRows:
    """Rows, and how many labelled instances are none."""

    rows: list[Row] = field(default_factory=list)
    malformed: int = 0


class LabelledReader:
    """Reads labelled requests to one version.

    Args:
      schema: Of the rows that it learned from.
      signatures: Those that are asked with raw columns.
      data: Names the label, and the format that the rows must fit.
    """

    def __init__(self, schema: schema_pb2.Schema, signatures: Container[str], data: Data) -> None:
        self._rows = RowReader(schema, [feature.name for feature in schema.feature])
        self._signatures = signatures
        self._label = data.label
        # A cell of a CSV file holds one value, and text.
        self._is_csv = data.format is DataFormat.CSV

    def read(self, batches: Iterable[Sequence[Payload]]) -> LabelledRows:
        """All rows; what cannot be one is counted and skipped."""
        found = LabelledRows()
        for payloads in batches:
            # In the place of the answers, the instances are those that find their ground truth.
            asked = [payload._replace(response=payload.request) for payload in payloads]
            parts = take_apart(asked, self._signatures)
            found.malformed += parts.malformed
            self._add(parts.labelled, found)
        return found

    def _add(self, labelled: Iterable[tuple[str, Any]], found: LabelledRows) -> None:
        for instance, truth in labelled:
            if (label := raw_label(truth, self._label)) is None:
                continue
            try:
                found.rows.append(self._row(instance, label))
            except Unfit:
                found.malformed += 1

    def _row(self, instance: str, label: Any) -> Row:
        values = self._rows.read_one(instance)
        values[self._label] = self._rows.read_column(self._label, label)
        row = {name: self._cell(some) for name, some in values.items() if some}
        if self._label not in row or len(row) == 1:
            raise Unfit
        return row

    def _cell(self, values: Sequence[Any]) -> Any:
        cells = [_text(value) if isinstance(value, bytes) else value for value in values]
        if self._is_csv and (len(cells) > 1 or isinstance(cells[0], bytes)):
            raise Unfit
        return cells[0] if len(cells) == 1 else cells


def _text(value: bytes) -> str | bytes:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value
