"""Reads a CSV file exactly as TFX's ExampleGen does, or says what keeps it from that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from tfx_components.data_gate.csv_table import CsvTable, read_csv_tables
from tfx_contract.errors import DataError
from tfx_scaffold.header import check_file

LEAST_ROWS = 50
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
    check_file(path, label)
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
