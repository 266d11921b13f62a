"""Drift expressions on rows."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from tfx_contract.drift_expressions import parse_drift
from tfx_contract.errors import InputError
from tfx_runtime.drifting import Drifting

KINDS = {"fare": "float", "miles": "int", "kind": "text", "tips": "float", "blank": ""}


def rows(count: int = 1) -> list[dict[str, Any]]:
    return [{"fare": 13.2, "miles": 3, "kind": "Card", "tips": 1.0, "blank": None}] * count


def drifted(given: list[dict[str, Any]], *texts: str, seed: int = 1) -> list[dict[str, Any]]:
    changed = [dict(row) for row in given]
    Drifting([parse_drift(text) for text in texts], KINDS).change(changed, random.Random(seed))
    return changed


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        ("fare*1.5", "fare", 19.8),
        ("fare+0.1", "fare", 13.3),
        ("fare-20", "fare", -6.8),
        ("miles*1.5", "miles", 4),
        ("miles+0.6", "miles", 4),
        ("kind=Prepaid", "kind", "Prepaid"),
        ("miles=7", "miles", 7),
        ("fare=7", "fare", 7.0),
        ("kind=", "kind", None),
        ("fare=null:1", "fare", None),
        ("blank=x", "blank", "x"),
        ("tips*0", "tips", 0.0),
    ],
)
def test_a_column_changes_and_keeps_its_type(text: str, column: str, value: Any) -> None:
    [row] = drifted(rows(), text)
    assert row == {**rows()[0], column: value}
    assert type(row[column]) is type(value)


def test_expressions_apply_in_their_order() -> None:
    assert drifted(rows(), "fare=10", "fare*2", "fare+1")[0]["fare"] == 21.0
    assert drifted(rows(), "fare+1", "fare*2", "fare=10")[0]["fare"] == 10.0


def test_what_is_missing_stays_missing() -> None:
    given = [{"fare": None, "miles": [2, None]}, {"miles": 1}]
    assert drifted(given, "fare*2", "miles*2") == [{"fare": None, "miles": [4, None]}, {"miles": 2}]


def test_a_share_of_the_rows_gets_the_value_others_for_another_seed() -> None:
    first = [row["kind"] for row in drifted(rows(200), "kind=Prepaid:0.3")]
    assert Counter(first) == {"Prepaid": 60, "Card": 140}
    again, other = (
        [row["kind"] for row in drifted(rows(200), "kind=Prepaid:0.3", seed=seed)]
        for seed in (1, 2)
    )
    assert first == again != other
    assert Counter(other) == Counter(first)


def test_a_range_looks_at_rows_as_they_are_in_the_data() -> None:
    drifting = Drifting([parse_drift("miles~2..3"), parse_drift("miles*10")], KINDS)
    assert drifting.chooses
    found = [miles for miles in (1, 2, 3, 4, None) if drifting.keeps({"miles": miles})]
    assert found == [2, 3]
    assert not drifting.keeps({})
    assert drifting.keeps({"miles": [2, 3]})
    assert not drifting.keeps({"miles": [2, 9]})


@pytest.mark.parametrize("text", ["kind*2", "kind+1", "kind~0..1"])
def test_arithmetic_is_for_numbers(text: str) -> None:
    with pytest.raises(InputError, match=r"column 'kind' holds text.*allowed: kind=VALUE:SHARE"):
        drifted(rows(), text)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [("miles=1.5", "a whole number"), ("fare=Prepaid:0.5", "a number"), ("fare=nan", "a number")],
)
def test_a_value_is_of_its_column_s_type(text: str, allowed: str) -> None:
    with pytest.raises(InputError, match=rf"holds numbers; allowed: {allowed}\."):
        drifted(rows(), text)


@pytest.mark.parametrize("text", ["fare*1e300", "miles*1e300"])
def test_a_number_that_is_too_large_for_the_data_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"makes .* a number that is too large"):
        drifted(rows(), text)


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no column 'fair'; allowed: .*Did you mean 'fare'\?"):
        drifted(rows(), "fair*2")
