"""Logged instances become the rows that training would have seen; what cannot is counted."""

from __future__ import annotations

import base64
import json
from typing import Any

import pyarrow as pa
import pytest
import tensorflow as tf
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_components.request_statistics.rows import RowReader, Rows

SCHEMA = text_format.Parse(
    """
    feature { name: "fare" type: FLOAT }
    feature { name: "hour" type: INT }
    feature { name: "company" type: BYTES }
    feature { name: "tips" type: FLOAT }
    """,
    schema_pb2.Schema(),
)
COLUMNS = ["fare", "hour", "company"]
ROW = {"fare": 12.5, "hour": 7, "company": "Blue"}


def read(*instances: object) -> Rows:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in instances]
    return RowReader(SCHEMA, COLUMNS).read(texts)


def rows(*instances: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(*instances).batch.to_pylist()
    return found


def serialized(**values: Any) -> str:
    """A tf.Example as the log holds one."""
    kinds: dict[type, Any] = {
        float: lambda v: tf.train.Feature(float_list=tf.train.FloatList(value=[v])),
        int: lambda v: tf.train.Feature(int64_list=tf.train.Int64List(value=[v])),
        bytes: lambda v: tf.train.Feature(bytes_list=tf.train.BytesList(value=[v])),
    }
    features = {name: kinds[type(value)](value) for name, value in values.items()}
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return base64.b64encode(example.SerializeToString()).decode()


TYPED = {"fare": [12.5], "hour": [7], "company": [b"Blue"]}
NOTHING = {"fare": None, "hour": None, "company": None}


def test_columns_have_the_types_of_the_schema_and_the_label_is_left_out() -> None:
    batch = read(ROW | {"tips": 3}).batch
    assert batch.to_pylist() == [TYPED]
    assert batch.schema.types == [
        pa.large_list(pa.float32()),
        pa.large_list(pa.int64()),
        pa.large_list(pa.large_binary()),
    ]


@pytest.mark.parametrize(
    ("given_row", "expected"),
    [
        ({}, NOTHING),
        ({"fare": None, "hour": None, "company": None}, NOTHING),
        ({"fare": 12}, NOTHING | {"fare": [12.0]}),
        ({"hour": 7.0}, NOTHING | {"hour": [7]}),
        ({"hour": True}, NOTHING | {"hour": [1]}),
        ({"company": ""}, NOTHING | {"company": [b""]}),
        ({"company": "Zoë\n"}, NOTHING | {"company": ["Zoë\n".encode()]}),
        ({"fare": [1.5, 2]}, NOTHING | {"fare": [1.5, 2.0]}),
        ({"fare": []}, NOTHING),
        (
            {"company": {"b64": "Qmx1ZQ=="}, "hour": 1},
            NOTHING | {"company": [b"Blue"], "hour": [1]},
        ),
        ({"unknown": {"a": [1, {}]}}, NOTHING),
        ({"fare": 2**70}, NOTHING | {"fare": [pytest.approx(2.0**70)]}),
    ],
)
def test_values_are_read_alone_and_among_others(
    given_row: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert rows(given_row) == [expected]
    assert rows(ROW, given_row, ROW) == [TYPED, expected, TYPED]


@pytest.mark.parametrize(
    "instance",
    [
        "{not json",
        "",
        "3",
        "[1, 2]",
        '"text"',
        {"fare": "much"},
        {"hour": 7.5},
        {"hour": 2**63},
        {"company": 3},
        {"fare": [1, None]},
        {"fare": {"a": 1}},
        {"b64": "no base 64!"},
        {"examples": {"b64": "bm8gZXhhbXBsZQ"}},
        {"company": {"b64": 3}, "hour": 1},
    ],
)
def test_what_is_no_row_is_counted_and_harms_no_other(instance: object) -> None:
    found = read(ROW, instance, ROW)
    assert found.batch.to_pylist() == [TYPED, TYPED]
    assert found.malformed == 1


def test_what_was_withheld_is_counted_apart() -> None:
    found = read("null", ROW, "null")
    assert (found.batch.num_rows, found.malformed, found.withheld) == (1, 0, 2)


@pytest.mark.parametrize("name", ["b64", "examples"])
def test_serialized_examples_are_rows_too(name: str) -> None:
    text = serialized(fare=12.5, hour=7, company=b"Blue", tips=1.0)
    instance = {"b64": text} if name == "b64" else {name: {"b64": text}}
    assert rows(instance) == [TYPED]
    assert rows(instance, instance) == [TYPED, TYPED]
    assert rows(ROW, instance) == [TYPED, TYPED]


def test_an_example_of_other_types_is_counted() -> None:
    wrong = {"b64": serialized(fare=b"much")}
    right = {"b64": serialized(fare=12.5, hour=7, company=b"Blue")}
    found = read(right, wrong, right)
    assert found.batch.to_pylist() == [TYPED, TYPED]
    assert found.malformed == 1


_values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=3)
)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([*COLUMNS, "b64", "x"]),
            st.one_of(_values, st.lists(_values, max_size=2)),
            max_size=4,
        ),
        max_size=5,
    )
)
def test_all_at_once_reads_what_one_by_one_reads(instances: list[dict[str, Any]]) -> None:
    together = read(*instances)
    alone = [read(one) for one in instances]
    assert together.batch.to_pylist() == [row for one in alone for row in one.batch.to_pylist()]
    assert together.malformed == sum(one.malformed for one in alone)


def test_no_value_is_missing_however_it_is_written() -> None:
    example = tf.train.Example()
    # As TFX's ExampleGens write a cell without a value.
    example.features.feature["fare"].float_list.SetInParent()
    example.features.feature["hour"].int64_list.SetInParent()
    example.features.feature["company"].bytes_list.SetInParent()
    written = base64.b64encode(example.SerializeToString()).decode()
    for nothing in ({"b64": written}, {"fare": []}, {"fare": None}, {}):
        assert rows(nothing) == [NOTHING]
    assert rows(ROW | {"fare": []}, ROW) == [TYPED | {"fare": None}, TYPED]
