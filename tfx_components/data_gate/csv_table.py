"""Whether CSV files are CSV files: cheap, streaming, and before anything else looks at them."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from tfx.dsl.io import fileio
from tfx.utils import io_utils

from tfx_contract.errors import DataError

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class CsvTable:
    """A well-formed file: its columns, and the line that each of its rows starts at."""

    path: str
    columns: tuple[str, ...]
    lines: array[int]

    def __len__(self) -> int:
        return len(self.lines)

    def place(self, row: int) -> str:
        return f"line {self.lines[row]}"

    def frame(self, numbers: set[str], text: set[str]) -> pd.DataFrame:
        """The rows; what is no number in a column of numbers stays text, to be found there."""
        frame = pd.read_csv(
            io_utils.ensure_local(self.path),
            dtype=dict.fromkeys(text.intersection(self.columns), str),
            # Only a blank cell is a missing value, for ExampleGen as well: 'NA' is a text.
            keep_default_na=False,
            na_values=[""],
            low_memory=False,
        )
        for column in numbers.intersection(self.columns):
            if frame[column].dtype == object:
                frame[column] = frame[column].map(_number_or_text).astype(object)
        return frame


def read_csv_tables(paths: Iterable[str]) -> list[CsvTable]:
    """Reads every file once.

    Raises:
      DataError: naming the file, the line or column, what was found and what was expected.
    """
    tables = [_read_table(path) for path in paths]
    first = tables[0]
    for table in tables[1:]:
        if table.columns != first.columns:
            raise DataError(
                f"{table.path}, line 1: expected the columns of {first.path} in the same order "
                f"({', '.join(first.columns)}); found {', '.join(table.columns)}."
            )
    return tables


def _read_table(path: str) -> CsvTable:
    records = _records(path)
    header = next(records, None)
    if header is None:
        raise DataError(f"{path}: expected a header line and rows; the file is empty.")
    columns = _checked_columns(path, header[1])
    lines = array("Q")
    for line, fields in records:
        if len(fields) != len(columns):
            raise DataError(
                f"{path}, line {line}: expected {len(columns)} fields, as many as the header has; "
                f"found {len(fields)}: {_shown(fields)}"
            )
        lines.append(line)
    if not lines:
        raise DataError(f"{path}: expected rows below the header; there are none.")
    return CsvTable(path, columns, lines)


def _records(path: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it starts at; empty lines are left out, as ExampleGen does."""
    with fileio.open(path, "rb") as file:
        reader = csv.reader(_decoded(path, file), strict=True)
        line = 1
        try:
            for fields in reader:
                if fields:
                    yield line, fields
                line = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"{path}, line {line}: expected balanced quotes, the inner ones doubled; "
                f"the row that starts here is not: {error}."
            ) from error


def _decoded(path: str, lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}, line {number}: expected text in UTF-8; byte {error.start + 1} of the "
                f"line is 0x{line[error.start]:02x}. Save the file as UTF-8."
            ) from error


def _checked_columns(path: str, header: list[str]) -> tuple[str, ...]:
    if header[0].startswith("\ufeff"):
        raise DataError(
            f"{path}, line 1: expected a column name first; found a byte order mark. "
            "Save the file as UTF-8 without it."
        )
    for position, name in enumerate(header, start=1):
        if not name.strip():
            raise DataError(f"{path}, line 1: expected a name for column {position}; it is blank.")
        if name in header[: position - 1]:
            raise DataError(
                f"{path}, line 1: expected different column names; '{name}' is there twice."
            )
    return tuple(header)


def _number_or_text(cell: Any) -> Any:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return cell


def _shown(fields: list[str]) -> str:
    text = ",".join(fields)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
