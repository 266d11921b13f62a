"""Drift by expression: what can be said, and what is said of mistakes."""

from __future__ import annotations

import pytest

from tfx_contract.drift_expressions import (
    DriftExpression,
    Moved,
    Replaced,
    Scaled,
    Within,
    check_columns,
    parse_drift,
)
from tfx_contract.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fare*1.5", Scaled("fare*1.5", "fare", 1.5)),
        ("fare*-1", Scaled("fare*-1", "fare", -1.0)),
        ("fare*1e-5", Scaled("fare*1e-5", "fare", 1e-5)),
        ("trip-miles*2", Scaled("trip-miles*2", "trip-miles", 2.0)),
        ("fare+.5", Moved("fare+.5", "fare", 0.5)),
        ("fare-2", Moved("fare-2", "fare", -2.0)),
        ("fare--2", Moved("fare--2", "fare", 2.0)),
        ("kind=A", Replaced("kind=A", "kind", "A", 1.0)),
        ("kind=A:0.3", Replaced("kind=A:0.3", "kind", "A", 0.3)),
        ("kind=A*2~1..2:1", Replaced("kind=A*2~1..2:1", "kind", "A*2~1..2", 1.0)),
        ("at=12:30:1", Replaced("at=12:30:1", "at", "12:30", 1.0)),
        ("kind=No Charge-1", Replaced("kind=No Charge-1", "kind", "No Charge-1", 1.0)),
        ("kind=:0.2", Replaced("kind=:0.2", "kind", None, 0.2)),
        ("kind=null:0.2", Replaced("kind=null:0.2", "kind", None, 0.2)),
        ("kind=", Replaced("kind=", "kind", None, 1.0)),
        ("miles~0..5", Within("miles~0..5", "miles", 0.0, 5.0)),
        ("miles~-1.5..-.5", Within("miles~-1.5..-.5", "miles", -1.5, -0.5)),
        ("miles~3..3", Within("miles~3..3", "miles", 3.0, 3.0)),
    ],
)
def test_an_expression_names_a_column_and_what_becomes_of_it(
    text: str, expected: DriftExpression
) -> None:
    assert parse_drift(text) == expected


@pytest.mark.parametrize("text", ["", "fare", "*2", "=A:0.5", "~1..2", "fare*", "fare*x", "fare/2"])
def test_what_is_no_expression_is_refused_with_all_that_are(text: str) -> None:
    with pytest.raises(InputError) as error:
        parse_drift(text)
    assert str(error.value).startswith(
        f"--drift '{text}': found no expression; allowed: COLUMN*NUMBER, "
    )


@pytest.mark.parametrize(
    ("text", "share"), [("a=A:0", "0"), ("a=A:1.1", "1.1"), ("a=A:0,3", "0,3"), ("at=12:30", "30")]
)
def test_a_share_is_above_0_and_at_most_1(text: str, share: str) -> None:
    with pytest.raises(InputError, match=rf"found the share '{share}'; allowed: a number above 0"):
        parse_drift(text)


@pytest.mark.parametrize("text", ["a~1", "a~1...", "a~..2", "a~A..B", "a~1..2..3", "a~nan..2"])
def test_a_range_has_two_numbers(text: str) -> None:
    with pytest.raises(InputError, match=r"found the range '.*'; allowed: two numbers"):
        parse_drift(text)


def test_a_range_goes_up() -> None:
    with pytest.raises(InputError, match="found a range from 5 to 1; the lower number comes first"):
        parse_drift("a~5..1")


def test_a_number_that_is_infinite_is_refused() -> None:
    with pytest.raises(InputError, match="1e999 is too large a number"):
        parse_drift("a*1e999")


def test_a_column_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    columns = ["fare", "payment_type", "tips"]
    check_columns([parse_drift("fare*2"), parse_drift("tips+1")], columns)
    with pytest.raises(InputError) as error:
        check_columns([parse_drift("fare*2"), parse_drift("fair*2")], columns)
    assert str(error.value) == (
        "--drift 'fair*2': there is no column 'fair'; allowed: fare, payment_type, tips. "
        "Did you mean 'fare'?"
    )


def test_a_name_like_no_other_gets_no_hint() -> None:
    with pytest.raises(InputError, match=r"allowed: fare\.$"):
        check_columns([parse_drift("xyz=1:0.5")], ["fare"])
