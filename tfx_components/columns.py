"""The columns of Parquet and Avro files, and what each becomes in a `tf.Example`.

| in the file | in the `tf.Example` |
|---|---|
| integer, boolean (0 or 1) | int64 |
| date, time stamp | int64, whole seconds since 1970 in UTC; one without a time zone counts as UTC |
| floating point, decimal | float |
| text, bytes, enumeration, UUID | bytes, text as UTF-8 |
| list of one of these | the same, several values |
| null | a feature without a value |

Structures, maps, lists of lists, times of day and durations have no place in a `tf.Example`, and
are refused. 0, false and '' are values, which TFX's own executors for these formats would drop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from tfx_components.column_kinds import NULL, UnsupportedType, arrow_kind, avro_kind
from tfx_contract.data_spec import DataFormat
from tfx_contract.errors import DataError

Columns = Mapping[str, str]
"""The kind of each column, by its name."""

# What pyarrow and fastavro raise for bytes that are not theirs.
UNREADABLE = (pa.ArrowException, OSError, EOFError, ValueError, LookupError, TypeError)


def read_columns(path: str, data_format: DataFormat) -> Columns:
    """The columns of a Parquet or Avro file.

    Raises:
      DataError: it is not of this format, or a column has no place in a `tf.Example`.
    """
    try:
        with open_file(path) as file:
            return _READERS[data_format](file)
    except UnsupportedType as error:
        raise DataError(
            f"{path}: {error}; allowed: numbers, text, booleans, dates, time stamps, and lists of "
            "these. Leave the column out, or flatten it."
        ) from error
    except UNREADABLE as error:
        raise not_of_format(path, data_format, error) from error


def check_agreement(files: Iterable[tuple[str, Columns]]) -> None:
    """Raises DataError when two files differ in a column or its kind; null goes with any kind."""
    names: tuple[str, set[str]] | None = None
    kinds: dict[str, tuple[str, str]] = {}
    for path, columns in files:
        names = names or (path, set(columns))
        _check_names(path, set(columns), *names)
        _check_kinds(path, columns, kinds)


def open_file(path: str) -> Any:
    """The bytes of a file of any file system that Beam knows."""
    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def not_of_format(path: str, data_format: DataFormat, error: Exception) -> DataError:
    """What to say about a file that cannot be read."""
    reason = str(error).partition("\n")[0] or type(error).__name__
    return DataError(
        f"{path}: expected a file of the format '{data_format.value}' (data.format in model.yaml); "
        f"it cannot be read as one: {reason}"
    )


def _check_names(path: str, names: set[str], first_path: str, first: set[str]) -> None:
    if different := names ^ first:
        raise DataError(
            f"{path}: expected the columns of {first_path} ({', '.join(sorted(first))}); "
            f"the two differ in {', '.join(sorted(different))}."
        )


def _check_kinds(path: str, columns: Columns, known: dict[str, tuple[str, str]]) -> None:
    for name, kind in columns.items():
        if kind == NULL:
            continue
        before, where = known.setdefault(name, (kind, path))
        if kind != before:
            raise DataError(
                f"{path}: column '{name}' is {kind}, and in {where} it is {before}; "
                "write it with the same type in every file."
            )


def _parquet(file: Any) -> Columns:
    return _kinds(((field.name, field.type) for field in pq.read_schema(file)), arrow_kind)


def _avro(file: Any) -> Columns:
    schema = fastavro.reader(file).writer_schema
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise ValueError("its schema is no record with fields")
    seen: dict[str, str] = {}
    fields = ((field["name"], field["type"]) for field in schema["fields"])
    return _kinds(fields, lambda field_type: avro_kind(field_type, seen))


def _kinds(fields: Iterable[tuple[str, Any]], kind_of: Callable[[Any], str]) -> Columns:
    kinds = {}
    for name, field_type in fields:
        try:
            kinds[name] = kind_of(field_type)
        except UnsupportedType as error:
            raise UnsupportedType(f"column '{name}' is of the type {error}") from error
    return kinds


_READERS: dict[DataFormat, Callable[[Any], Columns]] = {
    DataFormat.PARQUET: _parquet,
    DataFormat.AVRO: _avro,
}
