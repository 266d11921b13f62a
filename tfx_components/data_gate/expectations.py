"""Reads `expectations.json`: the expectation list of a Great Expectations suite.

    [{"type": "expect_column_values_to_be_between",
      "kwargs": {"column": "fare", "min_value": 0},
      "severity": "critical"}]

`type` and `kwargs` are Great Expectations' own. `severity` is `critical` (left out: this), which
stops the run, or `warning` or `info`, which only stand in the report. Types are declared by
`expect_column_values_to_be_in_type_list`; a column that is declared to hold numbers is read cell by
cell, so that the report names the cells that are not.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection
from typing import Any

from tfx_contract.errors import InputError

SEVERITIES = ("critical", "warning", "info")
_FILE = "expectations.json"
_NUMBERS = {"int", "int64", "float", "float64"}
_TYPE_LIST = "expect_column_values_to_be_in_type_list"


def parse_expectations(
    text: str, known_types: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """The expectations of the file, each checked; their types only when those are known.

    Raises:
      InputError: the file is not such a list, or names an expectation that does not exist.
    """
    try:
        expectations = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{_FILE}, line {error.lineno}: not valid JSON: {error.msg}.") from error
    if not isinstance(expectations, list):
        raise InputError(f"{_FILE}: expected a list of expectations; found {_kind(expectations)}.")
    return [_checked(item, place, known_types) for place, item in enumerate(expectations)]


def declared_columns(expectations: list[dict[str, Any]]) -> tuple[set[str], set[str]]:
    """The columns declared to hold numbers, and those declared to hold text."""
    declared = {
        str(item["kwargs"].get("column")): set(item["kwargs"].get("type_list", []))
        for item in expectations
        if item["type"] == _TYPE_LIST
    }
    numbers = {column for column, types in declared.items() if types and types <= _NUMBERS}
    text = {column for column, types in declared.items() if "str" in types}
    return numbers, text


def _checked(item: object, place: int, known_types: Collection[str] | None) -> dict[str, Any]:
    where = f"{_FILE}[{place}]"
    if not isinstance(item, dict) or not isinstance(item.get("kwargs", {}), dict):
        raise InputError(f'{where}: expected {{"type": …, "kwargs": {{…}}}}; found {_kind(item)}.')
    if unknown := set(item) - {"type", "kwargs", "severity", "meta"}:
        raise InputError(
            f"{where}: there is no key '{min(unknown)}'; allowed: type, kwargs, severity, meta."
        )
    if not isinstance(item.get("type"), str):
        raise InputError(
            f"{where}.type: expected an expectation's name; found {item.get('type')!r}."
        )
    if known_types is not None and item["type"] not in known_types:
        raise InputError(f"{where}.type: {_unknown(item['type'], known_types)}")
    if item.get("severity", SEVERITIES[0]) not in SEVERITIES:
        raise InputError(
            f"{where}.severity: found {item['severity']!r}; allowed: {', '.join(SEVERITIES)}."
        )
    return {"severity": SEVERITIES[0], "kwargs": {}, **item}


def _unknown(name: str, known_types: Collection[str]) -> str:
    nearest = difflib.get_close_matches(name, known_types, n=1, cutoff=0.5)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    return f"Great Expectations has no expectation '{name}'.{hint}"


def _kind(value: object) -> str:
    names = ((dict, "an object"), (list, "a list"), (str, "a text"))
    return next((name for kind, name in names if isinstance(value, kind)), repr(value))
