"""Late labels from a CSV file: `request_id,groundtruth`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfx_contract.errors import DataError

_COLUMNS = ["request_id", "groundtruth"]
_LARGEST_ID = 2**63 - 1
_MISTAKES_SHOWN = 20


class _Mistake(Exception):
    """What is wrong with one line."""


def read_labels(path: Path) -> dict[int, Any]:
    """Reads labels by request id.

    A label that is JSON is taken as JSON (`1`, `0.5`, `true`, `[0, 1]` for two instances), any
    other as text.

    Raises:
      DataError: the file cannot be read, or lines are wrong; each is named by its number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(path, csv.reader(file, strict=True))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text in UTF-8: {error}.") from error


def _read(path: Path, rows: Any) -> dict[int, Any]:
    labels: dict[int, Any] = {}
    lines: dict[int, int] = {}
    mistakes: list[str] = []
    for row in _after_header(path, rows):
        try:
            request_id, label = _parse(row)
            if request_id in lines:
                raise _Mistake(f"request {request_id} has its label in line {lines[request_id]}")
            labels[request_id], lines[request_id] = label, rows.line_num
        except _Mistake as mistake:
            mistakes.append(f"line {rows.line_num}: {mistake}")
    if mistakes:
        raise DataError(_described(path, mistakes))
    return labels


def _after_header(path: Path, rows: Any) -> Iterator[list[str]]:
    try:
        header: list[str] = next(rows, [])
        if [name.strip() for name in header] != _COLUMNS:
            raise DataError(
                f"{path}, line 1: found '{','.join(header)}', and the columns must be "
                f"'{','.join(_COLUMNS)}'. Nothing was imported."
            )
        yield from (row for row in rows if row)
    except csv.Error as error:
        raise DataError(f"{path}, line {rows.line_num}: {error}. Nothing was imported.") from error


def _parse(row: list[str]) -> tuple[int, Any]:
    if len(row) != len(_COLUMNS):
        raise _Mistake(
            f"found {len(row)} values, and there must be 2; a label with a comma needs quotes"
        )
    return _parse_id(row[0].strip()), _parse_label(row[1].strip())


def _parse_id(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text[:20]) <= _LARGEST_ID:
        return int(text)
    raise _Mistake(
        f"'{text[:40]}' is no request id, a whole number from 1 to {_LARGEST_ID}; a spreadsheet "
        f"rounds such numbers unless the column is text"
    )


def _parse_label(text: str) -> Any:
    if not text:
        raise _Mistake("the label is empty; leave the line out while it is not known")
    try:
        label = json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return text
    if label is None:
        raise _Mistake("the label is null; leave the line out while it is not known")
    return label


def _refuse_constant(name: str) -> Any:
    raise _Mistake(f"{name} is no label")


def _described(path: Path, mistakes: list[str]) -> str:
    hidden = len(mistakes) - _MISTAKES_SHOWN
    more = [f"and {hidden} more"] if hidden > 0 else []
    lines = "\n".join(f"  {line}" for line in [*mistakes[:_MISTAKES_SHOWN], *more])
    return f"{path}: nothing was imported.\n{lines}"
