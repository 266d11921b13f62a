"""Reads a TFRecord file of `tf.Example`s into an Arrow table, a list column for each feature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import tensorflow as tf
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from tfx_components.column_kinds import NULL, arrow_kind
from tfx_contract.errors import DataError

_BATCH = 1000
_SHOWN_BYTES = 40


def read_tf_records(path: str) -> pa.Table:
    """The features of all records.

    Raises:
      DataError: the file is damaged or has a record that is no `tf.Example`, or a feature is of
        two kinds; the message names the record, or the few where it must be.
    """
    decoder = ExamplesToRecordBatchDecoder()
    kinds: dict[str, str] = {}
    tables = []
    for start, records in _batches(path):
        table = pa.Table.from_batches([_decoded(path, decoder, start, records)])
        _check_kinds(path, start, {f.name: arrow_kind(f.type) for f in table.schema}, kinds)
        tables.append(table)
    return pa.concat_tables(tables, promote_options="default") if tables else pa.table({})


def _batches(path: str) -> Iterator[tuple[int, Any]]:
    """Arrays of serialized records, each with the number of its first one."""
    # By the ending of the file's name, as Beam does it in ExampleGen.
    records = tf.data.TFRecordDataset(path, "GZIP" if path.endswith(".gz") else "")
    start = 1
    try:
        for batch in records.batch(_BATCH).as_numpy_iterator():
            yield start, batch
            start += len(batch)
    except tf.errors.OpError as error:
        raise DataError(
            f"{path}: expected a TFRecord file; from record {start} on, or some after it, the "
            f"bytes are none: {error.message.partition(' [Op:')[0]}. A file that gzip compressed "
            "has to be named *.gz."
        ) from error


def _decoded(path: str, decoder: Any, start: int, records: Any) -> pa.RecordBatch:
    try:
        return decoder.DecodeBatch(records)
    except RuntimeError as error:
        for number, record in enumerate(records, start=start):
            _check_record(path, decoder, number, record)
        raise DataError(
            f"{path}, records {start} to {start + len(records) - 1}: {error}"
        ) from error


def _check_record(path: str, decoder: Any, number: int, record: bytes) -> None:
    try:
        decoder.DecodeBatch([record])
    except RuntimeError as error:
        raise DataError(
            f"{path}, record {number}: expected a tf.Example; found {len(record)} bytes that are "
            f"none: {record[:_SHOWN_BYTES]!r}"
        ) from error


def _check_kinds(path: str, start: int, found: Mapping[str, str], known: dict[str, str]) -> None:
    for name, kind in found.items():
        if kind != NULL and known.setdefault(name, kind) != kind:
            raise DataError(
                f"{path}, records from {start} on: feature '{name}' is {kind}, and {known[name]} "
                "in those before; write it with the same type in every record."
            )
