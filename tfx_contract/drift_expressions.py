"""Drift by expression: how rows are to differ from those that a model learned from.

| expression | does |
|---|---|
| `fare*1.5`, `fare+2`, `fare-2` | changes a number; one that is missing stays missing |
| `payment_type=Prepaid` | sets a value |
| `payment_type=Prepaid:0.3` | sets it in a share of the rows |
| `fare=:0.2`, `fare=null:0.2` | takes the value away in a share of the rows |
| `trip_miles~0..5` | keeps to the rows with a number from 0 to 5 |
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tfx_contract.errors import InputError

_NULL = ("", "null")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
# The shortest column that leaves a number behind the operator: `fare*1e-5`, and `trip-miles*2`.
_ARITHMETIC = re.compile(rf"(?P<column>.+?)(?P<operator>[*+-])(?P<number>{_NUMBER})")
_RANGE = re.compile(rf"(?P<low>{_NUMBER})\.\.(?P<high>{_NUMBER})")
_ALLOWED = (
    "COLUMN*NUMBER, COLUMN+NUMBER, COLUMN-NUMBER, COLUMN=VALUE, COLUMN=VALUE:SHARE, COLUMN=:SHARE "
    "for no value, COLUMN~LOW..HIGH"
)


@dataclass(frozen=True)
class Scaled:
    """`column*factor`."""

    text: str
    column: str
    factor: float


@dataclass(frozen=True)
class Moved:
    """`column+by`, `column-by`."""

    text: str
    column: str
    by: float


@dataclass(frozen=True)
class Replaced:
    """`column=value:share`; without a value, it is taken away."""

    text: str
    column: str
    value: str | None
    share: float


@dataclass(frozen=True)
class Within:
    """`column~low..high`."""

    text: str
    column: str
    low: float
    high: float


DriftExpression = Scaled | Moved | Replaced | Within


def parse_drift(text: str) -> DriftExpression:
    """Reads one expression.

    Raises:
      InputError: it is none; the message says what is allowed.
    """
    column, sign, rest = _split_at_sign(text)
    if sign == "=" and column:
        return _replaced(text, column, rest)
    if sign == "~" and column:
        return _within(text, column, rest)
    if found := _ARITHMETIC.fullmatch(text) if not sign else None:
        return _arithmetic(text, found)
    raise InputError(f"--drift '{text}': found no expression; allowed: {_ALLOWED}.")


def check_columns(expressions: Sequence[DriftExpression], columns: Collection[str]) -> None:
    """Raises InputError when an expression names a column that is not among these."""
    for expression in expressions:
        if expression.column not in columns:
            close = difflib.get_close_matches(expression.column, list(columns), n=1, cutoff=0.5)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise InputError(
                f"--drift '{expression.text}': there is no column '{expression.column}'; "
                f"allowed: {', '.join(sorted(columns))}.{hint}"
            )


def _split_at_sign(text: str) -> tuple[str, str, str]:
    """The text before the first `=` or `~`, that sign, and the rest."""
    found = re.search("[=~]", text)
    if not found:
        return text, "", ""
    return text[: found.start()], found.group(), text[found.end() :]


def _arithmetic(text: str, found: re.Match[str]) -> DriftExpression:
    number = _finite(text, found["number"])
    if found["operator"] == "*":
        return Scaled(text, found["column"], number)
    return Moved(text, found["column"], -number if found["operator"] == "-" else number)


def _replaced(text: str, column: str, rest: str) -> Replaced:
    value, colon, share = rest.rpartition(":")
    if not colon:
        value, share = rest, "1"
    return Replaced(text, column, None if value in _NULL else value, _share(text, share))


def _share(text: str, share: str) -> float:
    if re.fullmatch(_NUMBER, share) and 0 < float(share) <= 1:
        return float(share)
    raise InputError(
        f"--drift '{text}': found the share '{share}'; allowed: a number above 0, at most 1. "
        "A value with a colon in it needs its share, as in 12:30:1."
    )


def _within(text: str, column: str, rest: str) -> Within:
    found = _RANGE.fullmatch(rest)
    if not found:
        raise InputError(
            f"--drift '{text}': found the range '{rest}'; allowed: two numbers, as in 0..5."
        )
    low, high = _finite(text, found["low"]), _finite(text, found["high"])
    if low > high:
        raise InputError(
            f"--drift '{text}': found a range from {low:g} to {high:g}; the lower number comes "
            "first."
        )
    return Within(text, column, low, high)


def _finite(text: str, number: str) -> float:
    if math.isfinite(value := float(number)):
        return value
    raise InputError(f"--drift '{text}': {number} is too large a number; allowed: up to 1e308.")
