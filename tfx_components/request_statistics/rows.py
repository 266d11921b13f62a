"""Logged instances as Arrow rows of the schema's types; what cannot be one is counted."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.coders import example_coder

from tfx_components.request_statistics.one_row import Unfit, read_row, read_values
from tfx_components.request_statistics.typed import missing_column, typed_column
from tfx_request_log.records import WITHHELD

_TYPES = {
    schema_pb2.INT: pa.int64(),
    schema_pb2.FLOAT: pa.float32(),
    schema_pb2.BYTES: pa.large_binary(),
}
_BLOCK_BYTES = 4 << 20
_BYTES = "b64"


@dataclass(frozen=True)
class Rows:
    """Rows, and how many instances are none."""

    batch: pa.RecordBatch
    malformed: int = 0
    withheld: int = 0


class RowReader:
    """Reads instances that are JSON objects of columns, or serialized tf.Examples in base64.

    Args:
      schema: The columns' types. Columns of other types are left out.
      columns: The columns to read.
    """

    def __init__(self, schema: schema_pb2.Schema, columns: Iterable[str]) -> None:
        wanted = set(columns)
        features = [f for f in schema.feature if f.name in wanted and f.type in _TYPES]
        self._types = {feature.name: _TYPES[feature.type] for feature in features}
        narrowed = schema_pb2.Schema(feature=[_bare(feature) for feature in features])
        self._schema = narrowed.SerializeToString()
        self._decoder = self._new_decoder()

    def read(self, instances: Sequence[str]) -> Rows:
        """Reads JSON texts, one an instance."""
        kept = [text for text in instances if text != WITHHELD]
        withheld = len(instances) - len(kept)
        if not kept:
            return Rows(self._batch([]), withheld=withheld)
        try:
            return Rows(self._all_at_once(kept), withheld=withheld)
        except (pa.ArrowException, Unfit, ValueError):
            # One of them is not like the others.
            batch = self._one_by_one(kept)
            return Rows(batch, len(kept) - batch.num_rows, withheld)

    def read_one(self, text: str) -> dict[str, list[Any] | None]:
        """The values of one instance by column, None for none.

        Raises:
          Unfit: it cannot be read.
        """
        row = read_row(text, self._types)
        if isinstance(row, bytes):
            (row,) = self.decoded([row]).to_pylist()
        return row

    def read_column(self, name: str, value: Any) -> list[Any] | None:
        """The values of one column, as JSON has them; raises Unfit as `read_one` does."""
        return read_values(value, self._types[name])

    def _all_at_once(self, instances: Sequence[str]) -> pa.RecordBatch:
        """Many times as fast as one by one, when all are objects of the same types."""
        table = pyarrow.json.read_json(
            io.BytesIO("\n".join(instances).encode()),
            read_options=pyarrow.json.ReadOptions(block_size=_BLOCK_BYTES),
        ).combine_chunks()
        if table.num_rows != len(instances):
            raise Unfit
        if (texts := _serialized(table)) is not None:
            return self.decoded([base64.b64decode(text, validate=True) for text in texts])
        if any(map(_is_bytes, table.schema)):
            raise Unfit
        columns = [
            typed_column(table.column(name).chunk(0), kind)
            if name in table.column_names
            else missing_column(table.num_rows, kind)
            for name, kind in self._types.items()
        ]
        return self._rows(columns)

    def _one_by_one(self, instances: Sequence[str]) -> pa.RecordBatch:
        rows = []
        for text in instances:
            try:
                rows.append(self.read_one(text))
            except Unfit:
                continue
        return self._batch(rows)

    def decoded(self, serialized: Sequence[bytes]) -> pa.RecordBatch:
        """The rows of serialized tf.Examples.

        Raises:
          Unfit: one of them is none, or has values of other types.
        """
        try:
            batch = self._decoder.DecodeBatch(serialized)
        except RuntimeError:
            # It still holds what it read before the one that it could not read.
            self._decoder = self._new_decoder()
            raise Unfit from None
        columns = [
            batch.column(batch.schema.get_field_index(name)).cast(pa.large_list(kind))
            for name, kind in self._types.items()
        ]
        return self._rows(columns)

    def _new_decoder(self) -> example_coder.ExamplesToRecordBatchDecoder:
        return example_coder.ExamplesToRecordBatchDecoder(self._schema)

    def _batch(self, rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
        columns = [
            pa.array([row[name] for row in rows], pa.large_list(kind))
            for name, kind in self._types.items()
        ]
        return self._rows(columns)

    def _rows(self, columns: Sequence[pa.Array]) -> pa.RecordBatch:
        arrays = [_empty_as_missing(column) for column in columns]
        return pa.RecordBatch.from_arrays(arrays, names=list(self._types))


def _empty_as_missing(column: pa.Array) -> pa.Array:
    """ExampleGen writes no value as an empty list, a client as null, and both mean the same."""
    empty = pc.equal(pc.list_value_length(column), 0)
    if not pc.any(empty).as_py():
        return column
    return pc.if_else(empty, pa.scalar(None, column.type), column)


def _bare(feature: schema_pb2.Feature) -> schema_pb2.Feature:
    return schema_pb2.Feature(name=feature.name, type=feature.type)


def _serialized(table: pa.Table) -> Sequence[str] | None:
    """The texts of rows that are nothing but bytes: `{"b64": …}`, or that under any one name."""
    if table.num_columns != 1:
        return None
    if not _is_bytes(table.schema.field(0)):
        return None
    column = table.column(0).chunk(0)
    column = column.field(0) if pa.types.is_struct(column.type) else column
    texts: list[str | None] = column.to_pylist()
    if not all(isinstance(text, str) for text in texts):
        raise Unfit
    return texts  # type: ignore[return-value]


def _is_bytes(column: pa.Field) -> bool:
    return column.name == _BYTES or (
        pa.types.is_struct(column.type) and [field.name for field in column.type] == [_BYTES]
    )
