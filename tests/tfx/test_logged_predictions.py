"""Predictions of any shape become columns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_components.request_statistics.predictions import decoded, prediction_rows


def columns(*predictions: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = prediction_rows(predictions).to_pydict()
    return found


@pytest.mark.parametrize(
    ("predictions", "expected"),
    [
        ([0.25, 1], {"prediction": [[0.25], [1.0]]}),
        ([[0.25], [0.5]], {"prediction[0]": [[0.25], [0.5]]}),
        (
            [[0.25, 0.75], [1, 0]],
            {
                "prediction[0]": [[0.25], [1.0]],
                "prediction[1]": [[0.75], [0.0]],
                "largest of prediction": [[b"1"], [b"0"]],
            },
        ),
        (["yes", "no"], {"prediction": [[b"yes"], [b"no"]]}),
        ([True, False], {"prediction": [[b"true"], [b"false"]]}),
        ([0.5, None], {"prediction": [[0.5], None]}),
        ([0.5, "no"], {"prediction": [[0.5], None], "prediction as text": [None, [b"no"]]}),
        (
            [{"score": 0.5, "label": "a"}, {"score": 1}],
            {"prediction.score": [[0.5], [1.0]], "prediction.label": [[b"a"], None]},
        ),
        (
            [{"classes": ["a", "b"]}],
            {"prediction.classes[0]": [[b"a"]], "prediction.classes[1]": [[b"b"]]},
        ),
        (
            [[0.5], [0.25, 0.5]],
            {
                "prediction[0]": [[0.5], [0.25]],
                "prediction[1]": [None, [0.5]],
                "largest of prediction": [None, [b"1"]],
            },
        ),
        ([], {}),
        ([None], {}),
    ],
)
def test_each_part_is_a_column(predictions: list[Any], expected: dict[str, list[Any]]) -> None:
    assert columns(*predictions) == expected


def test_a_long_vector_is_cut_and_its_largest_element_is_not() -> None:
    vector = [0.0] * 99 + [1.0]
    found = columns(vector, vector)
    assert len(found) == 21
    assert found["largest of prediction"] == [[b"99"], [b"99"]]


def test_what_is_no_json_becomes_null_and_harms_no_other() -> None:
    assert decoded(["0.5", "{", "[1]", '"a"']) == [0.5, None, [1], "a"]
    assert decoded(["1,2", "3"]) == [None, 3]


_numbers = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-9, 9)


@given(st.lists(_numbers | st.lists(_numbers, min_size=2, max_size=3), min_size=1, max_size=5))
def test_all_at_once_gives_what_one_by_one_gives(predictions: list[Any]) -> None:
    together = columns(*predictions)
    for row, prediction in enumerate(decoded([json.dumps(one) for one in predictions])):
        alone = {name: values[0] for name, values in columns(prediction).items()}
        assert {n: v[row] for n, v in together.items() if v[row] is not None} == alone
