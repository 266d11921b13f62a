"""What can be said about a file before TFX is imported, which takes far longer than the saying."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Sequence
from pathlib import Path

from tfx_contract.errors import DataError, InputError

_BOM = "\ufeff"
_OTHER_DELIMITERS = (";", "\t", "|")
# They mean something in a pattern of files, to TensorFlow's file systems and to `data.pattern`.
_PATTERN_CHARACTERS = "*?[]{}"


def check_file(path: Path, label: str) -> None:
    """Looks at the path and at the first line.

    Raises:
      DataError: the header cannot be used.
      InputError: there is no such file, or no such label.
    """
    _check_path(path)
    _check_header(path, label)


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
    if label not in header:
        raise InputError(f"{path}, line 1: {_no_label(label, header)}")


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        line = file.readline()
    if not line:
        raise DataError(f"{path}: expected a header line and rows; the file is empty.")
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, line 1: expected text in UTF-8; byte {error.start + 1} of the line is "
            f"0x{line[error.start]:02x}. Save the file as UTF-8."
        ) from error
    if text.startswith(_BOM):
        raise DataError(
            f"{path}, line 1: expected a column name first; found a byte order mark. "
            "Save the file as UTF-8 without it."
        )
    return text


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
