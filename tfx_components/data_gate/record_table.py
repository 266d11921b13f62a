"""Parquet, Avro and TFRecord files, read as ExampleGen will read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import fastavro
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tfx_components.column_kinds import NULL, arrow_kind
from tfx_components.columns import (
    UNREADABLE,
    Columns,
    check_agreement,
    not_of_format,
    open_file,
    read_columns,
)
from tfx_components.data_gate.arrow_frame import frame_of
from tfx_components.data_gate.tf_records import read_tf_records
from tfx_components.values import plain
from tfx_contract.data_spec import DataFormat
from tfx_contract.errors import DataError


@dataclass(frozen=True)
class RecordTable:
    """A file whose columns have types; `kinds` says which."""

    path: str
    kinds: Columns
    rows: pd.DataFrame

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.kinds)

    def __len__(self) -> int:
        return len(self.rows)

    def place(self, row: int) -> str:
        return f"row {row + 1}"

    def frame(self, numbers: set[str], text: set[str]) -> pd.DataFrame:
        """The rows as they are: where the file has types, a declaration changes none."""
        return self.rows


def read_record_tables(data_format: DataFormat, files: Sequence[str]) -> list[RecordTable]:
    """Reads every file.

    Raises:
      DataError: a file is not of the format, has columns that no `tf.Example` can hold, or others
        than the first; or there is no row in any of them.
    """
    tables = [_read(data_format, path) for path in files]
    if data_format is DataFormat.TFRECORD:
        check_agreement(_with_all_features(tables))
    else:
        check_agreement((table.path, table.kinds) for table in tables)
    if not any(map(len, tables)):
        others = f" and {len(files) - 1} more" if len(files) > 1 else ""
        raise DataError(f"{files[0]}{others}: expected rows; there are none.")
    return tables


def _read(data_format: DataFormat, path: str) -> RecordTable:
    _check_has_bytes(path)
    try:
        kinds, table = _READERS[data_format](path)
    except UNREADABLE as error:
        raise not_of_format(path, data_format, error) from error
    return RecordTable(path, kinds, frame_of(path, table))


def _check_has_bytes(path: str) -> None:
    with open_file(path) as file:
        if not file.read(1):
            raise DataError(f"{path}: expected rows; the file is empty. Remove it.")


def _parquet(path: str) -> tuple[Columns, pa.Table]:
    kinds = read_columns(path, DataFormat.PARQUET)
    with open_file(path) as file:
        return kinds, pq.read_table(file)


def _avro(path: str) -> tuple[Columns, pa.Table]:
    kinds = read_columns(path, DataFormat.AVRO)
    with open_file(path) as file:
        rows: list[Any] = list(fastavro.reader(file))
    return kinds, pa.table({name: [plain(row[name]) for row in rows] for name in kinds})


def _tf_records(path: str) -> tuple[Columns, pa.Table]:
    table = read_tf_records(path)
    kinds = {field.name: arrow_kind(field.type) for field in table.schema}
    # Every feature is a list; one value or several makes no other kind of it.
    return {name: kind.removeprefix("list of ") for name, kind in kinds.items()}, table


def _with_all_features(tables: list[RecordTable]) -> Iterator[tuple[str, Columns]]:
    """A `tf.Example` may leave a feature out, and so may a whole file of them."""
    names = {name: NULL for table in tables for name in table.kinds}
    return ((table.path, {**names, **table.kinds}) for table in tables)


_READERS: dict[DataFormat, Callable[[str], tuple[Columns, pa.Table]]] = {
    DataFormat.PARQUET: _parquet,
    DataFormat.AVRO: _avro,
    DataFormat.TFRECORD: _tf_records,
}
