"""Puts the files of a model together from what was inferred."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfx_contract.home import PROJECT_ROOT
from tfx_scaffold.columns import NUMBER_DECORATION, NUMBER_IN_TEXT, Column, Kind
from tfx_scaffold.expectations import expectations_text
from tfx_scaffold.names import label_after, safe_names
from tfx_scaffold.problem import Problem
from tfx_scaffold.problem_kind import ProblemKind
from tfx_scaffold.render import literal, render
from tfx_scaffold.samples import golden_requests, test_rows
from tfx_scaffold.schema import schema_text
from tfx_scaffold.settings import choose_settings
from tfx_scaffold.signals import Signal
from tfx_scaffold.table import Table

_TEMPLATES = {
    "model.yaml": "model.yaml.j2",
    "dag.py": "dag.py.j2",
    "features.py": "features.py.j2",
    "trainer.py": "trainer.py.j2",
    "tests/conftest.py": "conftest.py.j2",
    "tests/test_features.py": "test_features.py.j2",
    "tests/test_trainer.py": "test_trainer.py.j2",
}
# In the order in which `_numbers` of features.py puts them side by side.
_NUMBER_CONSTANTS = ("NUMBERS", "NUMBERS_IN_TEXT", "FLAGS", "TIME_STAMPS", "DATES")
_TEXT_CONSTANTS = ("NUMBERS_IN_TEXT", "FLAGS", "DATES", "TEXTS", "HASHED")
_OUTPUTS = {
    ProblemKind.BINARY: "probability",
    ProblemKind.MULTICLASS: "probabilities",
    ProblemKind.REGRESSION: "prediction",
}
_LABELS_USE = {
    ProblemKind.BINARY: "their share of positives is where it begins",
    ProblemKind.MULTICLASS: "their shares are where it begins",
    ProblemKind.REGRESSION: "their mean and deviation scale what it learns",
}


@dataclass(frozen=True)
class Entry:
    """A column in a constant of `features.py`."""

    reason: str
    code: str


@dataclass(frozen=True)
class Section:
    """A constant of `features.py`."""

    constant: str
    title: str
    entries: tuple[Entry, ...]
    is_mapping: bool

    @property
    def opening(self) -> str:
        return "{" if self.is_mapping else "("

    @property
    def closing(self) -> str:
        return "}" if self.is_mapping else ")"


@dataclass(frozen=True)
class Findings:
    """All that was inferred about a file."""

    table: Table
    problem: Problem
    columns: list[Column]
    signals: Mapping[str, Signal]


def model_files(found: Findings, target: Path) -> dict[str, str]:
    """The text of every file, by its path below the model's folder."""
    table, columns, problem = found.table, found.columns, found.problem
    context = _context(found, target)
    return {
        **{name: render(template, context) for name, template in _TEMPLATES.items()},
        "schema.pbtxt": schema_text(table, columns, problem),
        "expectations.json": expectations_text(table, columns, problem, found.signals),
        "golden_requests.json": golden_requests(table, columns),
        "tests/rows.json": test_rows(table, columns, problem),
    }


def _context(found: Findings, target: Path) -> dict[str, Any]:
    table, problem = found.table, found.problem
    used = [column for column in found.columns if column.kind is not Kind.LEFT_OUT]
    safe = safe_names([column.name for column in used])
    renamed = {column: name for column, name in safe.items() if column != name}
    plain = {column.name for column in used} - renamed.keys()
    label_xf = label_after(problem.label, safe_names([problem.label])[problem.label])
    sections = _sections(used)
    has = {section.constant: True for section in sections}
    times = [name for name in ("TIME_STAMPS", "DATES") if has.get(name)]
    return {
        "description": f"Tells {problem.label} from the rows of {table.path.name}.",
        "schema_path": _relative(PROJECT_ROOT / "docs" / "model.schema.json", target),
        "rows": table.rows,
        "file": _in_docstring(table.path.name),
        "uri": str(table.path.parent),
        "pattern": table.path.name,
        "problem": problem,
        "problem_comment": f"{problem.kind.capitalize()}: {problem.reason}.",
        "label": problem.label,
        "label_xf": label_xf,
        "labels_use": _LABELS_USE[problem.kind],
        "output": _OUTPUTS[problem.kind],
        "outputs": "len(features.CLASSES)" if problem.kind is ProblemKind.MULTICLASS else "1",
        "settings": choose_settings(problem, used, found.signals, plain),
        "sections": sections,
        "has": _Has(has),
        "has_times": bool(times),
        "times_expression": times[0] if len(times) == 1 else "[*TIME_STAMPS, *DATES]",
        "numbers_expression": ", ".join(f"*{name}" for name in _NUMBER_CONSTANTS if has.get(name)),
        "has_texts": any(has.get(name) for name in _TEXT_CONSTANTS),
        "has_numbers": bool(times) or any(column.is_number for column in used),
        "has_categories": bool(times) or any(has.get(n) for n in ("CODES", "TEXTS", "HASHED")),
        "long_tailed": [column.name for column in used if column.is_long_tailed],
        "sometimes_missing": [c.name for c in used if _may_be_missing(c)],
        "left_out": [column for column in found.columns if column.kind is Kind.LEFT_OUT],
        "renamed": renamed,
        "columns_signature": "raw_columns" if renamed else "serving_json",
        "columns_transform": "transform_columns" if renamed else "transform_json",
        "raw_columns": _raw_columns(sections, used),
        "number_in_text": _raw(NUMBER_IN_TEXT),
        "number_decoration": _raw(NUMBER_DECORATION),
        "zip": zip,
    }


class _Has(dict[str, bool]):
    """Says no to a constant that is not there."""

    def __missing__(self, key: str) -> bool:
        return False


def _sections(used: list[Column]) -> list[Section]:
    both = (Kind.CODE, Kind.CODE_AND_NUMBER)
    wanted = [
        _tuple("NUMBERS", "Numbers, with their range.", used, (Kind.NUMBER, Kind.CODE_AND_NUMBER)),
        _tuple("NUMBERS_IN_TEXT", "Texts that are numbers.", used, (Kind.NUMBER_IN_TEXT,)),
        _mapping("FLAGS", "Yes or no, with the word for yes.", used, (Kind.FLAG,), _detail),
        _mapping(
            "TIME_STAMPS",
            "Integers that count time since 1970, with how many of them are a second.",
            used,
            (Kind.SECONDS,),
            lambda column: column.detail,
        ),
        _mapping(
            "DATES", "Texts that are dates: the order of their parts.", used, (Kind.DATE,), _detail
        ),
        _mapping(
            "CODES",
            "Integers that are categories: the lowest, and how many there are from there on.",
            used,
            both,
            lambda column: f"({column.lowest}, {column.size})",
        ),
        _mapping(
            "TEXTS",
            "Categories, with how many values have a place of their own; the others share one.",
            used,
            (Kind.TEXT,),
            lambda column: str(column.size),
        ),
        _mapping(
            "HASHED",
            "Categories of many values, hashed into so many.",
            used,
            (Kind.HASHED,),
            lambda column: str(column.size),
        ),
    ]
    return [section for section in wanted if section.entries]


def _tuple(constant: str, title: str, used: list[Column], kinds: Iterable[Kind]) -> Section:
    entries = (
        Entry(column.reason, literal(column.name)) for column in used if column.kind in kinds
    )
    return Section(constant, title, tuple(entries), is_mapping=False)


def _mapping(
    constant: str,
    title: str,
    used: list[Column],
    kinds: Iterable[Kind],
    value: Callable[[Column], str],
) -> Section:
    entries = (
        Entry(column.reason, f"{literal(column.name)}: {value(column)}")
        for column in used
        if column.kind in kinds
    )
    return Section(constant, title, tuple(entries), is_mapping=True)


def _detail(column: Column) -> str:
    return literal(column.detail)


def _may_be_missing(column: Column) -> bool:
    is_number = column.is_number or column.kind in (Kind.DATE, Kind.SECONDS)
    return is_number and (column.facts.missing > 0 or column.kind is Kind.NUMBER_IN_TEXT)


def _raw_columns(sections: list[Section], used: list[Column]) -> str:
    parts = ", ".join(f"*{section.constant}" for section in sections)
    if any(column.kind is Kind.CODE_AND_NUMBER for column in used):
        return f"tuple(dict.fromkeys([{parts}]))"
    return f"({parts},)" if len(sections) == 1 else f"({parts})"


def _in_docstring(name: str) -> str:
    return name if re.fullmatch(r"[\w .()+-]+", name) else "a CSV file"


def _raw(pattern: str) -> str:
    return f'r"{pattern}"'


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder)
