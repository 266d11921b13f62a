"""What each column becomes in the model, and why."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from tfx_contract.errors import DataError, InputError
from tfx_scaffold.dates import date_order
from tfx_scaffold.facts import Facts, is_id_name
from tfx_scaffold.table import CellType, Table

MOST_MISSING = 0.99
# Integers: up to so many values they are categories; up to the second number they are both.
FEW_VALUES, MANY_VALUES = 32, 200
_LARGEST_SPAN = 1000
_ROWS_A_VALUE = 10
_LEAST_DIGITS = 4
LARGEST_VOCABULARY = 1000
# Each vocabulary is a pass of its own over the data in Transform.
MOST_VOCABULARIES = 20
_ID_SHARE = 0.9
_PROSE_LENGTH = 40
_PROSE_SHARE = 0.05
_NUMBER_SHARE = 0.5
_MOST_WORDS = 5
_VOCABULARY_SIZES = (10, 20, 50, 100, 200, 500, 1000, 2000)
TRUE_WORDS = {"true": "false", "yes": "no", "y": "n", "t": "f", "on": "off"}
NUMBER_IN_TEXT = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
NUMBER_DECORATION = r"[,$€£%\s]"


class Kind(StrEnum):
    """What a column becomes."""

    NUMBER = "number"
    NUMBER_IN_TEXT = "number in text"
    FLAG = "flag"
    CODE = "code"
    CODE_AND_NUMBER = "code and number"
    TEXT = "text"
    HASHED = "hashed"
    DATE = "date"
    SECONDS = "time stamp"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class Column:
    """One column, with the reason that goes into the comment above it."""

    name: str
    kind: Kind
    reason: str
    facts: Facts
    # Of a vocabulary or of hashed texts: how many; of codes: from the lowest to the highest.
    size: int = 0
    # What an integer category starts at.
    lowest: int = 0
    # The word of a flag that means true, the order of a date's parts, the units of a second.
    detail: str = ""

    @property
    def is_number(self) -> bool:
        """Whether the column itself is a number of the model, and not something made from it."""
        return self.kind in (Kind.NUMBER, Kind.NUMBER_IN_TEXT, Kind.FLAG, Kind.CODE_AND_NUMBER)

    @property
    def is_long_tailed(self) -> bool:
        return self.kind in (Kind.NUMBER, Kind.CODE_AND_NUMBER) and self.facts.is_long_tailed


def plan_columns(
    table: Table, facts: dict[str, Facts], label: str, drop: Collection[str]
) -> list[Column]:
    """A plan for every column but the label.

    Raises:
      InputError: a column to drop is not there.
      DataError: nothing is left to learn from.
    """
    _check_names(drop, table, "--drop")
    if label in drop:
        raise InputError(f"--drop {label}: this is the label, which cannot be left out.")
    plans = [
        _left_out(facts[name], "left out as asked for")
        if name in drop
        else _plan(facts[name], table.frame[name])
        for name in table.frame.columns
        if name != label
    ]
    if all(plan.kind is Kind.LEFT_OUT for plan in plans):
        reasons = "; ".join(f"{plan.name}: {plan.reason}" for plan in plans[:10])
        raise DataError(f"{table.path}: no column is left to learn '{label}' from. {reasons}")
    return _few_vocabularies(plans)


def check_keep(keep: Collection[str], table: Table) -> None:
    """Raises InputError when a column to keep is not there."""
    _check_names(keep, table, "--keep")


def _check_names(names: Iterable[str], table: Table, option: str) -> None:
    for name in names:
        if name not in table.frame.columns:
            found = ", ".join(list(table.frame.columns)[:20])
            raise InputError(f"{option} {name}: {table.path} has no such column; found {found}.")


def _plan(facts: Facts, cells: pd.Series) -> Column:
    if facts.known == 0:
        return _left_out(facts, "blank in every row")
    if facts.missing_share > MOST_MISSING:
        return _left_out(facts, f"blank in {_percent(facts.missing_share)} of the rows")
    if facts.distinct == 1 and not facts.missing:
        return _left_out(facts, f"the same in every row: {_shown(cells.iloc[0])}")
    if facts.type is CellType.TEXT:
        return _plan_text(facts, cells.dropna().astype(str))
    if facts.whole and abs(facts.highest) < 2**53:
        return _plan_integer(facts, cells.dropna().astype("float64").astype("int64"))
    return _number(facts)


def _plan_integer(facts: Facts, values: pd.Series) -> Column:
    if facts.units_a_second and facts.distinct > FEW_VALUES:
        unit = "seconds" if facts.units_a_second == 1 else "milliseconds"
        reason = f"{facts.range()}: {unit} since 1970, as TFDV tells"
        return Column(facts.name, Kind.SECONDS, reason, facts, detail=str(facts.units_a_second))
    if _is_id(facts):
        return _left_out(facts, f"an id: {_counted(facts)}, none of them twice")
    if facts.distinct == 2:
        return Column(facts.name, Kind.NUMBER, f"two values, {facts.range()}", facts)
    span = int(facts.highest - facts.lowest) + 1
    repeats = facts.distinct * _ROWS_A_VALUE <= facts.known
    if facts.distinct <= MANY_VALUES and span <= _LARGEST_SPAN and repeats:
        return _code(facts, span)
    if repeats and facts.distinct <= LARGEST_VOCABULARY and _same_length(values):
        reason = f"{_counted(facts)}, all of {len(str(values.iloc[0]))} digits, so names of things"
        return Column(facts.name, Kind.TEXT, reason, facts, size=_vocabulary(facts))
    return _number(facts)


def _code(facts: Facts, span: int) -> Column:
    both = facts.distinct > FEW_VALUES
    told = f"{_counted(facts)}, {facts.range()}"
    reason = f"{told}: a category or a number, so both" if both else f"{told}, so a category"
    kind = Kind.CODE_AND_NUMBER if both else Kind.CODE
    return Column(facts.name, kind, reason, facts, size=span, lowest=int(facts.lowest))


def _plan_text(facts: Facts, texts: pd.Series) -> Column:
    words = texts.value_counts()
    if found := date_order(words):
        reason = f"dates such as {_shown(words.index[0])}{found.doubt}"
        return Column(facts.name, Kind.DATE, reason, facts, detail=found.order)
    if number := _number_in_text(facts, words):
        return number
    if flag := _flag(facts, words):
        return flag
    if facts.is_prose and facts.average_length > _PROSE_LENGTH and _varies(facts):
        return _left_out(facts, f"free text of {facts.average_length:.0f} characters on average")
    if facts.distinct >= _ID_SHARE * facts.known:
        return _left_out(facts, f"an id, or a text of its own in each row: {_counted(facts)}")
    if facts.average_length > _PROSE_LENGTH and facts.distinct * _ROWS_A_VALUE > facts.known:
        return _left_out(facts, f"free text of {facts.average_length:.0f} characters on average")
    if facts.distinct > LARGEST_VOCABULARY:
        return _hashed(facts, "too many for a vocabulary")
    return Column(
        facts.name, Kind.TEXT, f"{_counted(facts)}, so a category", facts, size=_vocabulary(facts)
    )


def _number_in_text(facts: Facts, words: pd.Series) -> Column | None:
    plain = words.index.str.replace(NUMBER_DECORATION, "", regex=True)
    is_number = plain.str.fullmatch(NUMBER_IN_TEXT).astype(bool)
    others = [str(word) for word in words.index[~is_number]]
    if len(others) > _MOST_WORDS or words[is_number].sum() < _NUMBER_SHARE * facts.known:
        return None
    if words[is_number].size <= 2:
        return None
    blanks = f"; {', '.join(map(_shown, others))} counts as missing" if others else ""
    example = _shown(words.index[is_number][0])
    return Column(facts.name, Kind.NUMBER_IN_TEXT, f"numbers such as {example}{blanks}", facts)


def _flag(facts: Facts, words: pd.Series) -> Column | None:
    found = {str(word).strip().lower() for word in words.index}
    for true, false in TRUE_WORDS.items():
        if found == {true, false}:
            return Column(facts.name, Kind.FLAG, f"'{true}' or '{false}'", facts, detail=true)
    return None


def _few_vocabularies(plans: list[Column]) -> list[Column]:
    """Hashes the texts of a very wide table, which needs no pass over the data."""
    texts = [plan for plan in plans if plan.kind is Kind.TEXT]
    if len(texts) <= MOST_VOCABULARIES:
        return plans
    why = f"hashed, as the table has {len(texts)} such columns and a vocabulary is a pass each"
    return [_hashed(plan.facts, why) if plan.kind is Kind.TEXT else plan for plan in plans]


def _hashed(facts: Facts, why: str) -> Column:
    size = next((s for s in _VOCABULARY_SIZES if s >= 2 * facts.distinct), _VOCABULARY_SIZES[-1])
    return Column(facts.name, Kind.HASHED, f"{_counted(facts)}, {why}", facts, size=size)


def _number(facts: Facts) -> Column:
    tail = f", half of them below {facts.median:,.6g}" if facts.is_long_tailed else ""
    return Column(facts.name, Kind.NUMBER, f"{facts.range()}{tail}{_blanks(facts)}", facts)


def _left_out(facts: Facts, reason: str) -> Column:
    return Column(facts.name, Kind.LEFT_OUT, reason, facts)


def _is_id(facts: Facts) -> bool:
    if facts.distinct < facts.rows:
        return False
    counted = facts.highest - facts.lowest + 1 == facts.rows
    return counted or is_id_name(facts.name)


def _same_length(values: pd.Series) -> bool:
    lengths = values.astype(str).str.len()
    return bool(lengths.iloc[0] >= _LEAST_DIGITS and (lengths == lengths.iloc[0]).all())


def _varies(facts: Facts) -> bool:
    return facts.distinct > _PROSE_SHARE * facts.known


def _vocabulary(facts: Facts) -> int:
    """Room for a missing value and for some that the file does not have yet."""
    wanted = facts.distinct + 1
    return next(size for size in _VOCABULARY_SIZES if size >= wanted)


def _counted(facts: Facts) -> str:
    return f"{facts.distinct:,} values in {facts.known:,} rows"


def _blanks(facts: Facts) -> str:
    return f", blank in {_percent(facts.missing_share)} of the rows" if facts.missing else ""


def _percent(share: float) -> str:
    return "nearly 100 %" if 0.9995 < share < 1 else f"{100 * share:.3g} %"


def _shown(value: object) -> str:
    text = re.sub(r"\s+", " ", str(value))
    return f"'{text[:40]}…'" if len(text) > 40 else f"'{text}'"
