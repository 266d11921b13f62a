"""What there is to learn: two classes, several, or a quantity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfx_contract.errors import DataError, InputError
from tfx_scaffold.facts import Facts
from tfx_scaffold.problem_kind import ProblemKind
from tfx_scaffold.table import CellType, Table

# Integers of so few values are classes; of more, a quantity.
MOST_INTEGER_CLASSES = 20
MOST_CLASSES = 1000
_LEAST_OF_A_CLASS = 6
RARE = 0.05
_POSITIVE_WORDS = ("1", "1.0", "true", "yes", "y", "t", "positive", "pos", "on")


@dataclass(frozen=True)
class Problem:
    """The label, and what it says about the problem."""

    label: str
    kind: ProblemKind
    reason: str
    facts: Facts
    # Of a classification; the second of two is the positive one.
    classes: tuple[Any, ...] = ()
    counts: tuple[int, ...] = ()

    @property
    def base_rate(self) -> float:
        """Of two classes: the share of the positive one."""
        return self.counts[1] / sum(self.counts)

    @property
    def is_rare(self) -> bool:
        return self.kind is ProblemKind.BINARY and self.base_rate < RARE

    def target(self, table: Table) -> np.ndarray[Any, Any]:
        """The label as the model learns it: an index of `classes`, or the quantity."""
        cells = table.frame[self.label]
        if self.kind is ProblemKind.REGRESSION:
            return np.asarray(cells, dtype=float)
        places = {value: place for place, value in enumerate(self.classes)}
        return np.asarray(cells.map(places), dtype=int)


def infer_problem(table: Table, facts: Facts, wanted: ProblemKind | None = None) -> Problem:
    """The problem that the label poses, or the one that is asked for.

    Raises:
      DataError: rows have no label, or all the same.
      InputError: the label cannot pose the problem that is asked for.
    """
    cells = table.frame[facts.name]
    _check_label(table, facts, cells)
    kind, reason = _kind(facts)
    if wanted not in (None, kind):
        kind, reason = wanted, "asked for with --problem"
    if kind is ProblemKind.REGRESSION:
        _check_quantity(table, facts)
        return Problem(facts.name, kind, reason, facts)
    return _classification(table, facts, kind, reason, cells)


def _classification(
    table: Table, facts: Facts, kind: ProblemKind, reason: str, cells: pd.Series
) -> Problem:
    counts = cells.value_counts().sort_index()
    _check_classes(table, facts, kind, counts)
    classes = [value.item() if hasattr(value, "item") else value for value in counts.index]
    if kind is ProblemKind.BINARY and _positive(counts) == classes[0]:
        classes.reverse()
    return Problem(
        facts.name,
        kind,
        reason,
        facts,
        tuple(classes),
        tuple(int(counts[value]) for value in classes),
    )


def _kind(facts: Facts) -> tuple[ProblemKind, str]:
    told = f"{facts.distinct:,} values in {facts.rows:,} rows"
    if facts.distinct == 2:
        return ProblemKind.BINARY, told
    if facts.type is CellType.TEXT:
        return ProblemKind.MULTICLASS, f"{told}, and they are texts"
    if facts.whole and facts.distinct <= MOST_INTEGER_CLASSES:
        return ProblemKind.MULTICLASS, f"{told}, all of them integers"
    return ProblemKind.REGRESSION, f"{told}, {facts.range()}"


def _positive(counts: pd.Series) -> Any:
    """The class that says yes by its name, else the larger number, else the rarer text."""
    for value in counts.index:
        if str(value).strip().lower() in _POSITIVE_WORDS:
            return value
    if not isinstance(counts.index[0], str):
        return counts.index[-1]
    return counts.index[int(counts.to_numpy().argmin())]


def _check_label(table: Table, facts: Facts, cells: pd.Series) -> None:
    if facts.missing:
        row = int(np.flatnonzero(cells.isna())[0])
        raise DataError(
            f"{table.path}, line {table.line(row)}: the label '{facts.name}' is blank, as in "
            f"{facts.missing:,} rows. Nothing can be learned from those; delete them."
        )
    if facts.distinct == 1:
        raise DataError(
            f"{table.path}: the label '{facts.name}' is {cells.iloc[0]!r} in every row; "
            "expected two values or more."
        )


def _check_quantity(table: Table, facts: Facts) -> None:
    if facts.type is CellType.TEXT:
        example = next(c for c in table.frame[facts.name] if not str(c).isdigit())
        raise InputError(
            f"{table.path}: a regression needs a label of numbers; '{facts.name}' has texts, "
            f"such as {example!r}. Allowed for it: --problem binary, --problem multiclass."
        )


def _check_classes(table: Table, facts: Facts, kind: ProblemKind, counts: pd.Series) -> None:
    if kind is ProblemKind.BINARY and len(counts) != 2:
        raise InputError(
            f"{table.path}: a binary problem needs a label of two values; '{facts.name}' has "
            f"{facts.distinct:,}. Allowed for it: --problem multiclass, --problem regression."
        )
    if len(counts) > MOST_CLASSES:
        raise DataError(
            f"{table.path}: the label '{facts.name}' has {facts.distinct:,} classes; allowed are "
            f"{MOST_CLASSES:,}. Is it the label, and not an id?"
        )
    if counts.min() < _LEAST_OF_A_CLASS:
        value = counts.idxmin()
        raise DataError(
            f"{table.path}: class {value!r} of the label '{facts.name}' has {counts.min()} rows; "
            f"expected {_LEAST_OF_A_CLASS} or more, a third of which goes to the evaluation. "
            "Add rows, join it with another class, or take its rows out."
        )
