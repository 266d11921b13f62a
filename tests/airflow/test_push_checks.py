"""What a version must pass before it gets traffic: its request schema, its golden answers."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from tfx_airflow.serving.compatibility import broken_callers
from tfx_airflow.serving.golden import differences, largest_difference, summary
from tfx_contract.manifest import SignatureShape, TensorShape


def shape(dtype: str = "float32", *sizes: int | None) -> TensorShape:
    return TensorShape(dtype=dtype, shape=list(sizes) or [None, 1])


def signatures(**inputs: TensorShape) -> dict[str, SignatureShape]:
    return {"serving_json": SignatureShape(inputs=inputs, outputs={"tip": shape()})}


LIVE = signatures(fare=shape(), company=shape("string"))


def test_the_same_request_schema_breaks_nobody() -> None:
    assert broken_callers(LIVE, LIVE) == []


@pytest.mark.parametrize(
    ("new", "line"),
    [
        (
            signatures(fare=shape(), company=shape("string"), miles=shape()),
            "signature 'serving_json', feature 'miles': it is new (float32 [?, 1]), "
            "and callers do not send it",
        ),
        (
            signatures(fare=shape()),
            "signature 'serving_json', feature 'company': it is gone, and callers still send it",
        ),
        (
            signatures(fare=shape("int64"), company=shape("string")),
            "signature 'serving_json', feature 'fare': was float32 [?, 1], is int64 [?, 1]",
        ),
        (
            signatures(fare=shape("float32", None, 3), company=shape("string")),
            "signature 'serving_json', feature 'fare': was float32 [?, 1], is float32 [?, 3]",
        ),
        ({}, "signature 'serving_json' is gone; the new version has none"),
    ],
)
def test_what_breaks_callers_is_named_by_its_feature(
    new: dict[str, SignatureShape], line: str
) -> None:
    assert broken_callers(new, LIVE) == [line]


def test_a_signature_more_and_a_wider_shape_break_nobody() -> None:
    wider = signatures(fare=shape("float32", None, None), company=shape("string"))
    assert broken_callers(wider | {"classify": LIVE["serving_json"]}, LIVE) == []


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ([0.5], [0.50004]),
        ([100_000.0], [100_005.0]),
        ([{"tip": [0.1, 0.9], "kind": "cash"}], [{"tip": [0.1, 0.9], "kind": "cash"}]),
        ([3], [3.0]),
    ],
)
def test_answers_within_the_tolerance_are_the_same(
    expected: list[JsonValue], found: list[JsonValue]
) -> None:
    assert differences(expected, found) == []


@pytest.mark.parametrize(
    ("expected", "found", "line"),
    [
        ([0.5], [0.6], "predictions[0]: expected 0.5, found 0.6"),
        ([{"a": "x"}], [{"a": "y"}], "predictions[0].a: expected 'x', found 'y'"),
        ([[1, 2]], [[1]], "predictions[0]: expected [1, 2], found [1]"),
        ([0.5, 0.5], [0.5], "expected 2 predictions, found 1"),
        ([0.5], None, "expected a list of 1 predictions, found None"),
        ([True], [1], "predictions[0]: expected True, found 1"),
        ([0.5], [float("nan")], "predictions[0]: expected 0.5, found nan"),
    ],
)
def test_answers_that_differ_say_where(expected: list[JsonValue], found: object, line: str) -> None:
    assert differences(expected, found) == [line]


def test_many_differences_are_shortened_and_the_largest_is_known() -> None:
    expected: list[JsonValue] = [0.0] * 8
    found = [float(n + 1) for n in range(8)]
    assert summary(differences(expected, found)).endswith("and 3 more")
    assert largest_difference(expected, found) == 8.0
