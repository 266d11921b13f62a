"""Rows that drift: what expressions of `tfx_contract.drift_expressions` do to rows."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfx_components.column_kinds import FLOAT, INT, TEXT
from tfx_contract.drift_expressions import (
    DriftExpression,
    Moved,
    Replaced,
    Scaled,
    Within,
    check_columns,
)
from tfx_contract.errors import InputError

Row = dict[str, Any]


class Drifting:
    """What becomes of the rows of one data set.

    Args:
      expressions: In the order in which they apply.
      kinds: Of every column; '' where no row has a value.

    Raises:
      InputError: an expression names no column, or does not go with the kind of its own.
    """

    def __init__(self, expressions: Sequence[DriftExpression], kinds: Mapping[str, str]) -> None:
        check_columns(expressions, kinds)
        for expression in expressions:
            _check_kind(expression, kinds[expression.column])
        self._ranges = [each for each in expressions if isinstance(each, Within)]
        self._changes = [each for each in expressions if not isinstance(each, Within)]
        self._kinds = kinds

    @property
    def chooses(self) -> bool:
        """Whether some rows are left out."""
        return bool(self._ranges)

    def keeps(self, row: Mapping[str, Any]) -> bool:
        """Whether a row, as it is in the data, lies within every range."""
        return all(_is_within(row.get(each.column), each) for each in self._ranges)

    def change(self, rows: Sequence[Row], chance: random.Random) -> None:
        """Changes the rows in place."""
        for expression in self._changes:
            if isinstance(expression, Replaced):
                self._replace(rows, expression, chance)
            else:
                self._calculate(rows, expression)

    def _replace(self, rows: Sequence[Row], change: Replaced, chance: random.Random) -> None:
        value = _value(change, self._kinds[change.column])
        for row in chance.sample(rows, round(change.share * len(rows))):
            row[change.column] = value

    def _calculate(self, rows: Sequence[Row], change: Scaled | Moved) -> None:
        is_whole = self._kinds[change.column] == INT
        for row in rows:
            value = row.get(change.column)
            if isinstance(value, list):
                row[change.column] = [_calculated(item, change, is_whole) for item in value]
            elif value is not None:
                row[change.column] = _calculated(value, change, is_whole)


def _check_kind(expression: DriftExpression, kind: str) -> None:
    if isinstance(expression, Replaced):
        _value(expression, kind)
    elif kind == TEXT:
        raise InputError(
            f"--drift '{expression.text}': column '{expression.column}' holds text, and this is "
            f"for numbers; allowed: {expression.column}=VALUE:SHARE."
        )


def _value(change: Replaced, kind: str) -> Any:
    """The value as the column has its others."""
    if change.value is None or kind not in (INT, FLOAT):
        return change.value
    try:
        number: float = int(change.value) if kind == INT else float(change.value)
        if math.isfinite(number):
            return number
    except ValueError:
        pass
    wanted = "a whole number" if kind == INT else "a number"
    raise InputError(
        f"--drift '{change.text}': found '{change.value}', and column '{change.column}' holds "
        f"numbers; allowed: {wanted}."
    )


def _calculated(value: float | None, change: Scaled | Moved, is_whole: bool) -> float | None:
    # In a list, a number that is not finite is null.
    if value is None:
        return None
    result = value * change.factor if isinstance(change, Scaled) else value + change.by
    with np.errstate(over="ignore"):
        # As a tf.Example holds it, and no digits of 64 bits.
        result = round(result) if is_whole else float(str(np.float32(result)))
    if math.isfinite(result) and abs(result) < 2**63 * (1 if is_whole else math.inf):
        return result
    raise InputError(f"--drift '{change.text}': makes {value} a number that is too large.")


def _is_within(value: Any, bounds: Within) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(each is not None and bounds.low <= each <= bounds.high for each in values)
