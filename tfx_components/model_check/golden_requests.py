"""Reads `golden_requests.json`: rows of raw columns that every model must answer.

[{"fare": 12.5, "payment_type": "Cash", "company": null}, …]   (null: the value is missing)
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection
from typing import Any

from tfx_contract.errors import InputError

_FILE = "golden_requests.json"
_VALUES = (str, int, float, type(None))


def parse_golden_requests(
    text: str, columns: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """The rows, each checked against the raw columns when those are known.

    Raises:
      InputError: the file is not such a list, is empty, or names a column that does not exist.
    """
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{_FILE}, line {error.lineno}: not valid JSON: {error.msg}.") from error
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{_FILE}: expected a list of one row or more, each an object.")
    for place, row in enumerate(rows):
        _check_row(row, f"{_FILE}[{place}]", columns)
    return rows


def _check_row(row: object, where: str, columns: Collection[str] | None) -> None:
    if not isinstance(row, dict) or not row:
        raise InputError(f"{where}: expected an object of columns and values; found {row!r}.")
    for column, value in row.items():
        if columns is not None and column not in columns:
            raise InputError(f"{where}: {_unknown(column, columns)}")
        if not isinstance(value, _VALUES):
            raise InputError(
                f"{where}.{column}: found {value!r}; allowed: a text, a number or null."
            )


def _unknown(column: str, columns: Collection[str]) -> str:
    nearest = difflib.get_close_matches(column, columns, n=1, cutoff=0.5)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    return f"schema.pbtxt has no column '{column}'.{hint}"
