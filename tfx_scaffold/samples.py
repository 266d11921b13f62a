"""Rows for the model's own tests and for its golden requests."""

from __future__ import annotations

import json
import math
from typing import Any

import pandas as pd

from tfx_scaffold.columns import Column, Kind
from tfx_scaffold.leakage import sample
from tfx_scaffold.problem import Problem
from tfx_scaffold.table import CellType, Table

_ROWS = 48
_ROWS_OF_WIDE, _WIDE = 12, 200
_REAL_GOLDEN = 3
_UNKNOWN = "a value that no row has"
# Numbers travel as float64 in requests, which holds every integer up to here.
_LARGEST = 2**53

Row = dict[str, Any]


def test_rows(table: Table, columns: list[Column], problem: Problem) -> str:
    """`tests/rows.json`: real rows with their label, about as many of every class."""
    count = _ROWS if len(columns) <= _WIDE else _ROWS_OF_WIDE
    names = [problem.label, *_used(columns)]
    # Of every class some.
    places = sample(problem.target(table), problem, max(count, 3 * len(problem.classes)))
    return _json([_row(table, place, names) for place in places])


def golden_requests(table: Table, columns: list[Column]) -> str:
    """`golden_requests.json`: real rows, and what no model may stumble over."""
    names = _used(columns)
    used = [column for column in columns if column.name in set(names)]
    places = [table.rows * part // _REAL_GOLDEN for part in range(_REAL_GOLDEN)]
    rows = [_row(table, place, names) for place in places]
    nothing: Row = dict.fromkeys(names)
    return _json([*rows, nothing, _unknown(used), _extreme(used, 10.0), _extreme(used, -10.0)])


def _used(columns: list[Column]) -> list[str]:
    return [column.name for column in columns if column.kind is not Kind.LEFT_OUT]


def _row(table: Table, place: int, names: list[str]) -> Row:
    cells = {name: table.frame[name].iloc[int(place)] for name in names}
    return {name: _plain(cell, table.types[name]) for name, cell in cells.items()}


def _plain(cell: Any, kind: CellType) -> Any:
    if pd.isna(cell):
        return None
    if kind is CellType.INT:
        return int(cell)
    if kind is CellType.FLOAT:
        return float(cell) if math.isfinite(cell) else None
    return str(cell)


def _unknown(columns: list[Column]) -> Row:
    return {
        c.name: _UNKNOWN if c.facts.type is CellType.TEXT else _number(c, c.facts.highest + 1)
        for c in columns
    }


def _extreme(columns: list[Column], factor: float) -> Row:
    return {
        c.name: None if c.facts.type is CellType.TEXT else _number(c, c.facts.highest * factor)
        for c in columns
    }


def _number(column: Column, value: float) -> float | int:
    bounded = max(min(value, _LARGEST), -_LARGEST)
    return int(bounded) if column.facts.type is CellType.INT else bounded


def _json(rows: list[Row]) -> str:
    lines = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows)
    return f"[\n{lines}\n]\n"
