"""Reads a CSV file exactly as TFX's ExampleGen does, or says what keeps it from that."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from tfx_components.data_gate.csv_table import CsvTable, read_csv_tables
from tfx_contract.errors import DataError, InputError

LEAST_ROWS = 50
_BOM = "\ufeff"
_OTHER_DELIMITERS = (";", "\t", "|")
# They mean something in a pattern of files, to TensorFlow's file systems and to `data.pattern`.
_PATTERN_CHARACTERS = "*?[]{}"
_INT64 = range(-(2**63), 2**63)


class CellType(StrEnum):
    """What ExampleGen makes of a column's cells."""

    INT = "INT"
    FLOAT = "FLOAT"
    TEXT = "BYTES"


@dataclass(frozen=True)
class Table:
    """The rows of a file; a missing value is a null."""

    path: Path
    frame: pd.DataFrame
    types: dict[str, CellType]
    source: CsvTable

    @property
    def rows(self) -> int:
        return len(self.frame)

    def line(self, row: int) -> int:
        """The line of the file that a row starts at."""
        return self.source.lines[row]


def read_table(path: Path, label: str) -> Table:
    """The typed rows of the file.

    Raises:
      DataError: the file cannot be used; the message has the line or column.
      InputError: there is no such file, or no such label.
    """
    _check_path(path)
    _check_header(path, label)
    [checked] = read_csv_tables([str(path)])
    if len(checked.lines) < LEAST_ROWS:
        raise DataError(
            f"{path}: found {len(checked.lines)} rows; expected {LEAST_ROWS} or more, because "
            "less says too little about what a column holds."
        )
    # Only a blank cell is a missing value, for ExampleGen as well: 'NA' is a text.
    texts = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8")
    typed = {column: typed_cells(texts[column]) for column in checked.columns}
    frame = pd.DataFrame({column: cells for column, (_, cells) in typed.items()})
    types = {column: kind for column, (kind, _) in typed.items()}
    return Table(path, frame, types, checked)


def typed_cells(texts: pd.Series) -> tuple[CellType, pd.Series]:
    """A column's type and its typed values: integers, else numbers, else texts.

    ExampleGen asks Python's own int() and float(), so this does, too.
    """
    known = texts.dropna().unique().tolist()
    integers = _parsed(int, known)
    if integers is not None and all(value in _INT64 for value in integers):
        if not known:
            return CellType.TEXT, texts.astype(object)
        values = texts.map(dict(zip(known, integers, strict=True)), na_action="ignore")
        return CellType.INT, values.astype("Int64")
    numbers = _parsed(float, known)
    if numbers is None or any(_is_long_integer(text) for text in known):
        return CellType.TEXT, texts.astype(object)
    values = texts.map(dict(zip(known, numbers, strict=True)), na_action="ignore")
    return CellType.FLOAT, values.astype("float64")


def _parsed(parse: Any, texts: list[str]) -> list[Any] | None:
    try:
        return list(map(parse, texts))
    except ValueError:
        return None


def _is_long_integer(text: str) -> bool:
    """An integer that 64 bits cannot hold; ExampleGen makes its column one of texts."""
    parsed = _parsed(int, [text]) if len(text) > len("9223372036854775807") - 1 else None
    return parsed is not None and parsed[0] not in _INT64


def _check_path(path: Path) -> None:
    if not path.is_file():
        found = "a folder" if path.is_dir() else "nothing"
        raise InputError(f"{path}: expected a CSV file; found {found}.")
    if special := [character for character in str(path) if character in _PATTERN_CHARACTERS]:
        raise InputError(
            f"{path}: found '{special[0]}' in the path, which stands for other characters in a "
            "pattern of files. Rename the file or its folder."
        )


def _check_header(path: Path, label: str) -> None:
    line = _first_line(path)
    header = next(csv.reader([line]), [])
    if len(header) == 1:
        _check_delimiter(path, line)
    if '"' in line:
        raise DataError(
            f"{path}, line 1: found a quoted column name; TFX's ExampleGen takes the header as it "
            'stands, quotes included. Write the header without "; rows may have them.'
        )
    if label not in header and not line.startswith(_BOM):
        raise InputError(f"{path}, line 1: {_no_label(label, header)}")


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        # A broken character is reported with its place by the check of the structure.
        return file.readline().decode("utf-8", errors="replace").rstrip("\r\n")


def _check_delimiter(path: Path, header: str) -> None:
    for delimiter in _OTHER_DELIMITERS:
        if delimiter in header:
            shown = "a tab" if delimiter == "\t" else f"'{delimiter}'"
            raise DataError(
                f"{path}, line 1: found {shown} between the columns; allowed: ','. "
                "TFX's ExampleGen reads no other. Save the file with commas."
            )


def _no_label(label: str, header: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(label, header, n=1, cutoff=0.5)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    return f"there is no column '{label}' (--label); found {', '.join(header[:20])}.{hint}"
