"""Finds columns that give the label away: a small tree reads there what no honest column says.

A column alone, or two numbers combined by a ratio, a difference, a product or a sum, are given to a
shallow decision tree, judged on rows that it did not see. Ranks sort out hopeless pairs first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfx_contract.errors import DataError
from tfx_scaffold.columns import NUMBER_DECORATION, Column, Kind
from tfx_scaffold.problem import Problem
from tfx_scaffold.problem_kind import ProblemKind
from tfx_scaffold.signals import Signal, judge, judge_text, rank_correlation, value_ranks
from tfx_scaffold.table import Table

GIVES_AWAY = 0.99
_SAMPLE = 20_000
# Columns times rows of the first look; what looks suspicious is judged on the whole sample.
_FIRST_LOOK = 3_000_000
_LEAST_LOOK = 2_000
_LOOK_AT_PAIRS = 1_000
_SUSPICIOUS = 0.96
_ANCHORS = 8
_MOST_JUDGED = 20
_SHOWN = 5
_COMBINATIONS = ("/", "\\", "-", "*", "+")

Values = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Leak:
    """Columns that give the label away together."""

    columns: tuple[str, ...]
    expression: str
    signal: Signal


@dataclass(frozen=True)
class Findings:
    """How well each column alone tells the label, and which tell it too well."""

    signals: dict[str, Signal]
    leaks: tuple[Leak, ...]


def find_leaks(table: Table, columns: list[Column], problem: Problem) -> Findings:
    """Looks at every column that the model would see, and at pairs of numbers."""
    used = [column for column in columns if column.kind is not Kind.LEFT_OUT]
    target = problem.target(table)
    rows = sample(target, problem, _SAMPLE)
    look = rows[: max(_LEAST_LOOK, _FIRST_LOOK // max(len(used), 1))]
    signals = {c.name: _signal(table, c, target, look, problem) for c in used}
    leaks = []
    for column in used:
        if signals[column.name].score >= _SUSPICIOUS:
            signal = _signal(table, column, target, rows, problem)
            signals[column.name] = signal
            if signal.score >= GIVES_AWAY:
                leaks.append(Leak((column.name,), column.name, signal))
    found = {leak.columns[0] for leak in leaks}
    rest = [c for c in used if c.name not in found]
    return Findings(
        signals,
        (*leaks, *_pairs(table, rest, target, look[:_LOOK_AT_PAIRS], rows, problem, signals)),
    )


def refuse_leaks(findings: Findings, keep: Collection[str], problem: Problem, path: str) -> None:
    """Raises DataError for leaks of which no column is kept on purpose."""
    leaks = [leak for leak in findings.leaks if not set(leak.columns) & set(keep)]
    if not leaks:
        return
    lines = "\n".join(f"- {_describe(leak, problem, findings)}" for leak in leaks[:_SHOWN])
    more = f"\n- and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
    drops = " ".join(f"--drop {_quoted(leak.columns[0])}" for leak in leaks[:_SHOWN])
    keeps = drops.replace("--drop", "--keep")
    raise DataError(
        f"{path}: columns give the label '{problem.label}' away:\n{lines}{more}\n"
        "A model would only repeat them, and they are hardly known when it is asked.\n"
        f"Leave them out: {drops}\nOr keep them on purpose: {keeps}"
    )


def sample(target: Values, problem: Problem, most: int) -> Values:
    """Row numbers in a random order, the rarer classes first when not all rows are taken."""
    order = np.random.default_rng(0).permutation(len(target))
    if len(order) <= most or problem.kind is ProblemKind.REGRESSION:
        return order[:most]
    share = most // max(len(problem.classes), 1)
    kept = [order[target[order] == value][:share] for value in range(len(problem.classes))]
    return np.random.default_rng(0).permutation(np.concatenate(kept))


def numbers_of(table: Table, column: Column) -> Values:
    """A column as numbers; what is missing is NaN."""
    cells = table.frame[column.name]
    if column.kind is Kind.NUMBER_IN_TEXT:
        plain = cells.astype(str).str.replace(NUMBER_DECORATION, "", regex=True)
        return np.asarray(pd.to_numeric(plain, errors="coerce"), dtype=float)
    return np.asarray(cells.astype("float64"), dtype=float)


def _is_text(column: Column) -> bool:
    is_text = column.facts.type == "BYTES"
    return is_text and column.kind is not Kind.NUMBER_IN_TEXT


def _signal(table: Table, column: Column, target: Values, rows: Values, problem: Problem) -> Signal:
    if _is_text(column):
        texts = table.frame[column.name].fillna("").to_numpy(dtype=object)[rows]
        return judge_text(texts, target[rows], problem)
    return judge(numbers_of(table, column)[rows], target[rows], problem)


def _pairs(
    table: Table,
    columns: list[Column],
    target: Values,
    look: Values,
    rows: Values,
    problem: Problem,
    signals: dict[str, Signal],
) -> Iterator[Leak]:
    """Every pair with one of the numbers that tell most, the most telling pairs first."""
    numeric = sorted((c for c in columns if not _is_text(c)), key=lambda c: -signals[c.name].score)
    values = {column.name: numbers_of(table, column) for column in numeric}
    names = list(values)
    candidates = []
    for place, first in enumerate(names[:_ANCHORS]):
        for second in names[place + 1 :]:
            for sign in _COMBINATIONS:
                combined = _combined(values[first][look], values[second][look], sign)
                score = _rank_score(combined, target[look], problem)
                candidates.append((round(score, 6), first, second, sign))
    candidates.sort(key=lambda candidate: -candidate[0])
    candidates = [c for c in candidates[:_MOST_JUDGED] if c[0] >= _SUSPICIOUS]
    taken: set[str] = set()
    for _, first, second, sign in candidates:
        if taken & {first, second}:
            continue
        combined = _combined(values[first][rows], values[second][rows], sign)
        signal = judge(combined, target[rows], problem)
        # Two good columns may well be excellent together; only a formula is right nearly always.
        if min(signal.score, signal.balanced) >= GIVES_AWAY:
            taken |= {first, second}
            yield Leak((first, second), _expression(first, second, sign), signal)


def _combined(left: Values, right: Values, sign: str) -> Values:
    with np.errstate(all="ignore"):
        if sign == "/":
            return left / right
        if sign == "\\":
            return right / left
        if sign == "-":
            return left - right
        return left * right if sign == "*" else left + right


def _expression(first: str, second: str, sign: str) -> str:
    return f"{second} / {first}" if sign == "\\" else f"{first} {sign} {second}"


def _rank_score(values: Values, target: Values, problem: Problem) -> float:
    """AUC of the best class, or the squared rank correlation; no fitting, so it is fast."""
    if problem.kind is ProblemKind.REGRESSION:
        return rank_correlation(values, target) ** 2
    ranks = value_ranks(values)
    return max(_rank_auc(ranks, target == value) for value in np.unique(target))


def _rank_auc(ranks: Values, positive: Values) -> float:
    count = int(positive.sum())
    others = len(positive) - count
    if not count or not others:
        return 0.0
    auc = (ranks[positive].sum() - count * (count + 1) / 2) / (count * others)
    return float(max(auc, 1 - auc))


def _describe(leak: Leak, problem: Problem, findings: Findings) -> str:
    told = leak.signal.describe(problem)
    if len(leak.columns) == 1:
        return f"'{leak.expression}' alone tells {told}."
    first, second = leak.columns
    return (
        f"'{leak.expression}' tells {told}; alone, '{first}' has "
        f"{findings.signals[first].score:.2f} and '{second}' {findings.signals[second].score:.2f}."
    )


def _quoted(name: str) -> str:
    return name if name.replace("_", "").isalnum() else f'"{name}"'
