"""Writes a file of rows that is like another of its folder: the same columns, of the same types."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from tfx.utils import io_utils

from tfx_components.column_kinds import FLOAT, INT, arrow_kind
from tfx_components.columns import read_columns
from tfx_components.span_writer.avro import write_avro
from tfx_components.span_writer.fitting import (
    Row,
    check_names,
    examples_from,
    fitted,
    kinds_of_examples,
)
from tfx_contract.data_spec import DataFormat
from tfx_contract.errors import DataError

_PLAIN = {INT: pa.int64(), FLOAT: pa.float64()}
# What csv, pyarrow and fastavro raise for values that are not of a column's type.
_UNFIT = (pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError)
_COMPRESSED = (".bz2", ".deflate", ".lzma", ".xz", ".zst", ".zstd")


def write_file(target: Path, rows: Sequence[Row], like: Path, data_format: DataFormat) -> None:
    """Writes the rows.

    Raises:
      DataError: a column or a value has no place in such a file.
    """
    try:
        _WRITERS[data_format](target, rows, like)
    except OSError:
        raise
    except _UNFIT as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"The rows do not fit the columns of {like}: {reason}") from error


def _csv(target: Path, rows: Sequence[Row], like: Path) -> None:
    columns = io_utils.load_csv_column_names(str(like))
    check_names(rows, columns, like)
    with target.open("w", encoding="utf-8", newline="") as file:
        # ExampleGen takes the names as they stand there, quotes and all.
        file.write(",".join(columns) + "\n")
        lines = ([_cell(name, row.get(name)) for name in columns] for row in rows)
        csv.writer(file, lineterminator="\n").writerows(lines)


def _cell(name: str, value: Any) -> Any:
    if isinstance(value, list):
        raise DataError(f"Column '{name}': found {value!r}; a cell of a CSV file holds one value.")
    return value.decode("utf-8") if isinstance(value, bytes) else value


def _tf_records(target: Path, rows: Sequence[Row], like: Path) -> None:
    if like.suffix in _COMPRESSED:
        raise DataError(f"{like}: TFRecord files are written as they are, or compressed as .gz.")
    compression = "GZIP" if like.suffix == ".gz" else ""
    examples = examples_from(rows, _kinds(like, compression))
    with tf.io.TFRecordWriter(str(target), tf.io.TFRecordOptions(compression)) as file:
        for example in examples:
            file.write(example)


def _kinds(path: Path, compression: str) -> dict[str, str]:
    records = tf.data.TFRecordDataset(str(path), compression)
    return kinds_of_examples(records.as_numpy_iterator())


def _parquet(target: Path, rows: Sequence[Row], like: Path) -> None:
    kinds = read_columns(str(like), DataFormat.PARQUET)
    check_names(rows, kinds, like)
    schema = pq.read_schema(like).remove_metadata()
    fitting = fitted(rows, kinds)
    columns = [_array([row.get(field.name) for row in fitting], field.type) for field in schema]
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), target)


def _array(values: list[Any], wanted: pa.DataType) -> pa.Array:
    first, *others = _steps(wanted)
    array = pa.array(values, first)
    for step in others:
        array = array.cast(step)
    return array


def _steps(wanted: pa.DataType) -> list[pa.DataType]:
    """What plain values become on their way to a type; moments are whole seconds before."""
    if pa.types.is_dictionary(wanted):
        return [wanted.value_type, wanted]
    if hasattr(wanted, "value_type"):
        return [*map(pa.list_, _steps(wanted.value_type)), wanted]
    if pa.types.is_timestamp(wanted) or pa.types.is_date(wanted):
        return [pa.int64(), pa.timestamp("s"), wanted]
    return [_PLAIN.get(arrow_kind(wanted), wanted), wanted]


def _avro(target: Path, rows: Sequence[Row], like: Path) -> None:
    kinds = read_columns(str(like), DataFormat.AVRO)
    check_names(rows, kinds, like)
    write_avro(target, fitted(rows, kinds), like)


_WRITERS: dict[DataFormat, Callable[[Path, Sequence[Row], Path], None]] = {
    DataFormat.CSV: _csv,
    DataFormat.TFRECORD: _tf_records,
    DataFormat.PARQUET: _parquet,
    DataFormat.AVRO: _avro,
}
