"""What the scaffold makes of columns and labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tfx_bsl.coders import csv_decoder

from tfx_contract.errors import DataError, InputError
from tfx_scaffold.columns import Column, Kind, plan_columns
from tfx_scaffold.facts import column_facts
from tfx_scaffold.leakage import Findings, find_leaks, refuse_leaks
from tfx_scaffold.names import safe_names
from tfx_scaffold.problem import Problem, infer_problem
from tfx_scaffold.problem_kind import ProblemKind
from tfx_scaffold.table import CellType, Table, read_table, typed_cells

ROWS = 400
LABEL = ["yes", "no"] * (ROWS // 2)
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes columns, and a label unless it is among them, as CSV."""

    def write(**columns: Sequence[Any]) -> Path:
        path = tmp_path / "data.csv"
        pd.DataFrame({"label": LABEL, **columns}).to_csv(path, index=False)
        return path

    return write


def numbers(seed: int = 0) -> np.ndarray[Any, Any]:
    """Numbers that say nothing about the label."""
    return np.random.default_rng(seed).normal(size=ROWS)


def plan(path: Path, drop: tuple[str, ...] = ()) -> dict[str, Column]:
    """The plans of a file's columns."""
    table = read_table(path, "label")
    return {c.name: c for c in plan_columns(table, column_facts(table), "label", drop)}


def problem_of(path: Path, wanted: ProblemKind | None = None) -> Problem:
    """The problem that the label of a file poses."""
    table = read_table(path, "label")
    return infer_problem(table, column_facts(table)["label"], wanted)


def leaks(path: Path) -> tuple[Findings, Problem, Table]:
    """What gives the label of a file away."""
    table = read_table(path, "label")
    facts = column_facts(table)
    problem = infer_problem(table, facts["label"])
    columns = plan_columns(table, facts, "label", ())
    return find_leaks(table, columns, problem), problem, table


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "-2", None],
        ["1", "2.5"],
        ["1", "x"],
        ["1_000", " 5"],
        ["nan", "inf"],
        ["99999999999999999999"],
        ["1.5", "99999999999999999999"],
        ["TRUE"],
        ["1e3", "2"],
    ],
)
def test_a_column_has_the_type_that_example_gen_gives_it(cells: list[str | None]) -> None:
    inferrer = csv_decoder.ColumnTypeInferrer(["a"], skip_blank_lines=True)
    seen: dict[str, Any] = {}
    for cell in cells:
        seen = inferrer.add_input(seen, [(cell or "").encode()])
    [theirs] = inferrer.extract_output(seen)
    ours, _ = typed_cells(pd.Series(cells, dtype=object))
    assert ours.name.replace("TEXT", "STRING") == theirs.type.name


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([i % 7 for i in range(ROWS)], Kind.CODE),
        ([i % 40 for i in range(ROWS)], Kind.CODE_AND_NUMBER),
        ([i % 2 for i in range(ROWS)], Kind.NUMBER),
        ([float(i % 7) if i % 9 else None for i in range(ROWS)], Kind.CODE),
        (numbers(), Kind.NUMBER),
        ([10_000 + 37 * (i % 30) ** 2 for i in range(ROWS)], Kind.TEXT),
        (range(1000, 1000 + ROWS), Kind.LEFT_OUT),
        ([f"u{i}" for i in range(ROWS)], Kind.LEFT_OUT),
        (["same"] * ROWS, Kind.LEFT_OUT),
        ([None] * ROWS, Kind.LEFT_OUT),
        ([f"The story of my {i}th visit, and why I liked it so much" for i in range(ROWS)],
         Kind.LEFT_OUT),
        (["red", "green", "blue", None] * (ROWS // 4), Kind.TEXT),
        (["Yes", "no"] * (ROWS // 2), Kind.FLAG),
        (["NA" if i % 9 == 0 else f"{i}.5" for i in range(ROWS)], Kind.NUMBER_IN_TEXT),
        ([f"$1,{100 + i}" for i in range(ROWS)], Kind.NUMBER_IN_TEXT),
        ([f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(ROWS)], Kind.DATE),
        ([f"{1 + i % 28}/{1 + i % 12}/2024 10:30" for i in range(ROWS)], Kind.DATE),
        ([1_400_000_000 + 86_400 * i for i in range(ROWS)], Kind.SECONDS),
    ],
)  # fmt: skip
def test_the_kind_of_a_column_follows_from_its_values(
    write: Write, cells: Sequence[Any], kind: Kind
) -> None:
    column = plan(write(column=cells, other=numbers()))["column"]
    assert column.kind is kind, column.reason


def test_long_tails_and_the_order_of_dates_are_found(write: Write) -> None:
    days = [f"{1 + i % 28}/{1 + i % 12}/2024" for i in range(ROWS)]
    found = plan(write(tail=np.exp(2 * numbers()), days=days))
    assert found["tail"].is_long_tailed
    assert found["days"].detail == "day month year"


def test_a_column_is_left_out_on_demand_and_a_wrong_name_is_refused(write: Write) -> None:
    path = write(a=numbers(), b=numbers(1))
    assert plan(path, drop=("a",))["a"].reason == "left out as asked for"
    with pytest.raises(InputError, match=r"--drop c: .* has no such column; found label, a, b"):
        plan(path, drop=("c",))
    with pytest.raises(DataError, match="no column is left to learn 'label' from"):
        plan(path, drop=("a", "b"))


@pytest.mark.parametrize(
    ("label", "kind", "classes"),
    [
        ([0, 1] * (ROWS // 2), ProblemKind.BINARY, (0, 1)),
        (["yes", "no"] * (ROWS // 2), ProblemKind.BINARY, ("no", "yes")),
        (["keeps", "leaves", "keeps", "keeps"] * (ROWS // 4), ProblemKind.BINARY,
         ("keeps", "leaves")),
        (["a", "b", "c", "d"] * (ROWS // 4), ProblemKind.MULTICLASS, ("a", "b", "c", "d")),
        ([3, 4, 5, 6] * (ROWS // 4), ProblemKind.MULTICLASS, (3, 4, 5, 6)),
        (range(ROWS), ProblemKind.REGRESSION, ()),
        (numbers(), ProblemKind.REGRESSION, ()),
    ],
)  # fmt: skip
def test_the_label_tells_the_kind_of_the_problem(
    write: Write, label: Sequence[Any], kind: ProblemKind, classes: tuple[Any, ...]
) -> None:
    problem = problem_of(write(label=label, a=numbers()))
    assert problem.kind is kind
    assert problem.classes == classes


def test_the_kind_of_the_problem_can_be_asked_for(write: Write) -> None:
    path = write(label=[1, 2, 3, 4] * (ROWS // 4), a=numbers())
    assert problem_of(path, ProblemKind.REGRESSION).kind is ProblemKind.REGRESSION
    with pytest.raises(InputError, match="a binary problem needs a label of two values"):
        problem_of(path, ProblemKind.BINARY)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ([None, *LABEL[1:]], "line 2: the label 'label' is blank"),
        (["yes"] * ROWS, "is 'yes' in every row"),
        (["rare", *["a", "b"] * (ROWS // 2)][:ROWS], "class 'rare' .* has 1 rows"),
    ],
)
def test_a_label_that_cannot_be_learned_is_refused(
    write: Write, label: Sequence[Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        problem_of(write(label=label, a=numbers()))


def test_two_numbers_that_give_the_label_away_together_are_found(write: Write) -> None:
    fare = np.random.default_rng(1).uniform(3, 50, ROWS)
    tips = fare * np.random.default_rng(2).uniform(0, 0.4, ROWS)
    path = write(label=(tips > 0.2 * fare).astype(int), tips=tips, fare=fare, other=numbers())
    found, problem, _ = leaks(path)
    assert [leak.columns for leak in found.leaks] == [("tips", "fare")]
    with pytest.raises(DataError, match=r"'tips / fare' tells the label(.|\n)*--drop tips"):
        refuse_leaks(found, (), problem, "data.csv")
    refuse_leaks(found, ("tips",), problem, "data.csv")


def test_a_copy_of_the_label_is_found_whatever_it_is_written_as(write: Write) -> None:
    found, problem, _ = leaks(write(copy=[f"was {word}" for word in LABEL], other=numbers()))
    assert [leak.columns for leak in found.leaks] == [("copy",)]
    price = np.exp(numbers())
    found, problem, _ = leaks(write(label=price, cents=100 * price + 3, other=numbers(1)))
    assert problem.kind is ProblemKind.REGRESSION
    assert [leak.columns for leak in found.leaks] == [("cents",)]


def test_a_column_that_only_says_much_gives_nothing_away(write: Write) -> None:
    noisy = [word if place % 10 else "no" for place, word in enumerate(LABEL)]
    strong = numbers() + 4 * (np.array(LABEL) == "yes")
    found, _, _ = leaks(write(noisy=noisy, strong=strong, other=numbers(1)))
    assert found.leaks == ()
    assert found.signals["noisy"].score > 0.85


def test_names_for_signatures_are_plain_and_differ() -> None:
    columns = ["a b", "a_b", "A_B", "größe", "9x", "class", "self", "€", "ok"]
    names = safe_names(columns)
    assert names["a_b"] == "a_b"
    assert names["ok"] == "ok"
    assert len({name.lower() for name in names.values()}) == len(columns)
    assert all(name.isidentifier() and name.isascii() for name in names.values())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a;label\n1;2\n", "line 1: found ';' between the columns; allowed: ','"),
        (b'"a",label\n1,2\n', "line 1: found a quoted column name"),
        (b"a,,label\n1,2,3\n", "line 1: expected a name for column 2"),
        (b"a,a,label\n1,2,3\n", "'a' is there twice"),
        (b"\xef\xbb\xbfa,label\n1,2\n", "byte order mark"),
        (b"a,label\n1,2\n1\n", "line 3: expected 2 fields"),
        (b"a,label\n\xe4,2\n", "line 2: expected text in UTF-8"),
        (b"gr\xf6\xdfe,label\n1,2\n", "line 1: expected text in UTF-8; byte 3 of the line is 0xf6"),
        (b"", "the file is empty"),
        (b'a,label\n1,"2\n', "line 2: expected balanced quotes"),
        (b"a,labels\n1,2\n", "no column 'label' .--label.; found a, labels. Did you mean 'labels'"),
        (b"a,label\n1,2\n", "found 1 rows; expected 50 or more"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_place(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(path, "label")


def test_quoted_commas_and_line_breaks_are_read_as_example_gen_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,label\n" + '"x, ""y""\nz",1\nplain,0\n' * 30)
    table = read_table(path, "label")
    assert table.frame["a"][0] == 'x, "y"\nz'
    assert table.types == {"a": CellType.TEXT, "label": CellType.INT}
    assert table.line(1) == 4
