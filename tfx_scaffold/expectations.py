"""Expectations on the raw data, from TFDV's facts, that the file itself meets."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from typing import Any

from tfx_components.data_gate.validation import validate
from tfx_scaffold.columns import Column, Kind
from tfx_scaffold.facts import Facts
from tfx_scaffold.problem import Problem
from tfx_scaffold.problem_kind import ProblemKind
from tfx_scaffold.schema import widened
from tfx_scaffold.signals import Signal
from tfx_scaffold.table import CellType, Table

_NUMBERS = ["int", "int64", "float", "float64"]
_FEW_WORDS = 20
_NEW_WORDS = 0.95
# Great Expectations takes some 30 ms for each expectation, and the run's DataGate as long again.
MOST_COLUMNS = 50

Expectation = dict[str, Any]


def expectations_text(
    table: Table, columns: list[Column], problem: Problem, signals: Mapping[str, Signal]
) -> str:
    """`expectations.json`; Great Expectations holds each against the file, and all are met.

    Of a very wide table only the columns that say most about the label have expectations of their
    own; the schema judges all of them.
    """
    used = [column for column in columns if column.kind is not Kind.LEFT_OUT]
    telling = sorted(used, key=lambda column: -signals[column.name].score)[:MOST_COLUMNS]
    wanted = _expectations(table, [c for c in used if c in telling], problem)
    with tempfile.TemporaryDirectory() as site:
        checked = validate(str(table.path.parent), [table.source], _json(wanted), site)
    met = {
        (item["expectation_config"]["type"], item["expectation_config"]["kwargs"].get("column"))
        for item in checked.results
        if item["success"]
    }
    return _json([w for w in wanted if (w["type"], w["kwargs"].get("column")) in met])


def _expectations(table: Table, used: list[Column], problem: Problem) -> list[Expectation]:
    facts = [problem.facts, *(column.facts for column in used)]
    return [
        _expect("table_row_count_to_be_between", min_value=max(table.rows // 2, 1)),
        _expect(
            "table_columns_to_match_set",
            column_set=list(table.frame.columns),
            exact_match=False,
        ),
        *map(_type, facts),
        *map(_not_null, facts),
        *_of_label(problem),
        *(_between(c.facts) for c in used if c.facts.type is not CellType.TEXT),
        *(_words(c, table) for c in used if _has_few_words(c)),
    ]


def _type(facts: Facts) -> Expectation:
    types = ["str"] if facts.type is CellType.TEXT else _NUMBERS
    return _expect("column_values_to_be_in_type_list", column=facts.name, type_list=types)


def _not_null(facts: Facts) -> Expectation:
    """What is never blank stays so; what may be may become so in twice as many rows."""
    if not facts.missing:
        return _expect("column_values_to_not_be_null", column=facts.name)
    mostly = max(0.0, math.floor(100 * (1 - 2 * facts.missing_share)) / 100)
    warning = _expect("column_values_to_not_be_null", column=facts.name, mostly=mostly)
    return {**warning, "severity": "warning"}


def _of_label(problem: Problem) -> list[Expectation]:
    if problem.kind is ProblemKind.REGRESSION:
        return [_between(problem.facts)]
    classes = sorted(problem.classes)
    return [_expect("column_values_to_be_in_set", column=problem.label, value_set=classes)]


def _between(facts: Facts) -> Expectation:
    lowest, highest = (int(limit) if limit % 1 == 0 else limit for limit in widened(facts))
    return _expect(
        "column_values_to_be_between", column=facts.name, min_value=lowest, max_value=highest
    )


def _has_few_words(column: Column) -> bool:
    is_text = column.facts.type is CellType.TEXT and column.kind in (Kind.TEXT, Kind.FLAG)
    return is_text and column.facts.distinct <= _FEW_WORDS


def _words(column: Column, table: Table) -> Expectation:
    words = sorted(table.frame[column.name].dropna().unique())
    known = _expect(
        "column_values_to_be_in_set", column=column.name, value_set=words, mostly=_NEW_WORDS
    )
    return {**known, "severity": "warning"}


def _expect(kind: str, **kwargs: Any) -> Expectation:
    return {"type": f"expect_{kind}", "kwargs": kwargs}


def _json(expectations: list[Expectation]) -> str:
    lines = ",\n".join(f"  {json.dumps(item, ensure_ascii=False)}" for item in expectations)
    return f"[\n{lines}\n]\n"
