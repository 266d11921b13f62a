"""DataGate against Parquet, Avro and TFRecord files, and against spans."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tfx.orchestration.portable.data_types import ExecutionInfo

from tests.tfx.data_files import (
    ROWS,
    write_avro,
    write_csv,
    write_parquet,
    write_records,
    write_tf_records,
)
from tfx_components.artifacts import DataValidationReport
from tfx_components.data_gate.driver import Driver
from tfx_components.data_gate.executor import Executor
from tfx_components.values import example_of
from tfx_contract.errors import DataError

BETWEEN = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "fare", "min_value": 0, "max_value": 100},
}
IS_NUMBER = {
    "type": "expect_column_values_to_be_in_type_list",
    "kwargs": {"column": "fare", "type_list": ["int", "float", "int64", "float64"]},
}
WRITERS: dict[str, Callable[..., None]] = {
    "parquet": write_parquet,
    "avro": write_avro,
    "tfrecord": write_tf_records,
}
FORMATS = pytest.mark.parametrize("kind", list(WRITERS))

Check = Callable[..., DataValidationReport]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def check(data: Path, tmp_path: Path) -> Check:
    def run(kind: str, *expectations: Any, pattern: str = "*", **spans: int) -> object:
        report = DataValidationReport()
        report.uri = str(tmp_path / "root" / "DataGate" / "report" / "1")
        properties = {
            "data_uri": str(data),
            "format": kind,
            "pattern": pattern,
            "label": "miles",
            "expectations": json.dumps(expectations),
            "window": 1,
            **spans,
        }
        Executor().Do({}, {"report": [report]}, properties)
        return report

    return run


@FORMATS
def test_good_data_passes_in_every_format(check: Check, data: Path, kind: str) -> None:
    WRITERS[kind](data / "a")
    WRITERS[kind](data / "b")
    assert check(kind, BETWEEN, IS_NUMBER).rows == 2 * len(ROWS)


@FORMATS
def test_a_value_out_of_range_is_named_with_its_file_and_row(
    check: Check, data: Path, kind: str
) -> None:
    WRITERS[kind](data / "a")
    WRITERS[kind](data / "b", [*ROWS, {**ROWS[0], "fare": 500.0}])
    with pytest.raises(DataError, match=r"column 'fare': .*1 cells do not meet it: 500\.0 in b ro"):
        check(kind, BETWEEN)


@FORMATS
def test_text_where_numbers_are_declared_is_found(check: Check, data: Path, kind: str) -> None:
    """In these files '5.5' is text for ExampleGen, though it reads like a number."""
    rows = [{"fare": "5.5", "miles": 1}]
    if kind == "avro":
        write_avro(data / "a", rows, {"fare": "string", "miles": "long"})
    else:
        WRITERS[kind](data / "a", rows)
    with pytest.raises(DataError, match="column 'fare': expect_column_values_to_be_in_type_list"):
        check(kind, IS_NUMBER)


@FORMATS
def test_a_missing_label_column_is_refused(check: Check, data: Path, kind: str) -> None:
    WRITERS[kind](data / "a", [{"fare": 1.0}])
    with pytest.raises(DataError, match=r"a: expected the label column 'miles'.*the columns fare"):
        check(kind)


@FORMATS
def test_files_of_other_types_are_refused(check: Check, data: Path, kind: str) -> None:
    if kind == "avro":
        write_avro(data / "a", [{"miles": 1}], {"miles": "long"})
        write_avro(data / "b", [{"miles": 1.0}], {"miles": "double"})
    else:
        WRITERS[kind](data / "a", [{"miles": 1}])
        WRITERS[kind](data / "b", [{"miles": 1.0}])
    with pytest.raises(DataError, match=r"b: column 'miles' is float, and in .*a it is int"):
        check(kind)


@FORMATS
def test_an_empty_file_is_refused(check: Check, data: Path, kind: str) -> None:
    WRITERS[kind](data / "a")
    (data / "b").touch()
    with pytest.raises(DataError, match=r"b: expected rows; the file is empty"):
        check(kind)


@FORMATS
def test_a_file_of_another_format_is_refused(check: Check, data: Path, kind: str) -> None:
    write_csv(data / "a")
    with pytest.raises(DataError, match=rf"{data / 'a'}: expected a .*(format '{kind}'|TFRecord)"):
        check(kind)


@FORMATS
def test_a_damaged_file_is_refused(check: Check, data: Path, kind: str) -> None:
    WRITERS[kind](data / "a", list(ROWS) * 50)
    content = (data / "a").read_bytes()
    (data / "a").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(DataError, match=r"a: expected a (file of the format|TFRecord file)"):
        check(kind)


@pytest.mark.parametrize("kind", ["parquet", "avro"])
def test_files_with_other_columns_are_refused(check: Check, data: Path, kind: str) -> None:
    WRITERS[kind](data / "a")
    WRITERS[kind](data / "b", [{"miles": 1}])
    with pytest.raises(DataError, match=r"b: expected the columns of .*differ in fare, payment_ty"):
        check(kind)


def test_numbers_of_any_width_are_numbers_but_none_too_large(check: Check, data: Path) -> None:
    schema = pa.schema([("fare", pa.float32()), ("miles", pa.uint64())])
    write_parquet(data / "a", [{"fare": 1.5, "miles": 2}], schema)
    assert check("parquet", IS_NUMBER).rows == 1
    write_parquet(data / "a", [{"fare": 1.5, "miles": 2**64 - 1}], schema)
    with pytest.raises(DataError, match=r"a: column 'miles': Integer value 18446744073709551615"):
        check("parquet")


def test_a_column_without_a_value_in_one_file_goes_with_any_type(check: Check, data: Path) -> None:
    write_parquet(data / "a", [{"miles": None}], pa.schema([("miles", pa.null())]))
    write_parquet(data / "b", [{"miles": 1}])
    assert check("parquet").rows == 2


def test_files_without_rows_are_refused_together_and_pass_beside_others(
    check: Check, data: Path
) -> None:
    schema = pa.schema([("miles", pa.int64())])
    write_parquet(data / "a", [], schema)
    with pytest.raises(DataError, match=r"a: expected rows; there are none"):
        check("parquet")
    write_parquet(data / "b", [{"miles": 1}])
    assert check("parquet").rows == 1


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (pa.struct([("a", pa.int64())]), "struct<a: int64>"),
        (pa.list_(pa.list_(pa.int64())), "list<element: list<element: int64>>"),
        (pa.time64("us"), "time64[us]"),
        (pa.duration("s"), "duration[s]"),
    ],
)
def test_a_parquet_type_that_no_example_holds_is_refused(
    check: Check, data: Path, kind: pa.DataType, shown: str
) -> None:
    write_parquet(data / "a", [{"miles": None}], pa.schema([("miles", kind)]))
    with pytest.raises(DataError) as caught:
        check("parquet")
    assert f"column 'miles' is of the type {shown}; allowed: " in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ({"type": "map", "values": "long"}, "map"),
        (["null", "long", "string"], "'union of int, text'"),
        ({"type": "long", "logicalType": "time-micros"}, "time-micros"),
        ({"type": "array", "items": {"type": "array", "items": "long"}}, "array"),
        ({"type": "record", "name": "r", "fields": []}, "record"),
    ],
)
def test_an_avro_type_that_no_example_holds_is_refused(
    check: Check, data: Path, kind: Any, shown: str
) -> None:
    write_avro(data / "a", [], {"miles": kind})
    with pytest.raises(DataError) as caught:
        check("avro")
    assert f"column 'miles' is of the type {shown}; allowed: " in str(caught.value)


def test_features_may_be_left_out_of_a_tf_example(check: Check, data: Path) -> None:
    write_tf_records(data / "a", [{"fare": 1.0}, {"miles": 2}, {"stops": [1, 2]}])
    write_tf_records(data / "b", [{"more": "text"}])
    assert check("tfrecord", BETWEEN).rows == 4


def test_a_record_that_is_no_tf_example_is_named(check: Check, data: Path) -> None:
    good = example_of(ROWS[0]).SerializeToString()
    write_records(data / "a", [good, b"\xff not one"])
    with pytest.raises(DataError, match=r"a, record 2: expected a tf\.Example; found 9 bytes"):
        check("tfrecord")


def test_a_feature_of_two_types_is_named_with_its_records(check: Check, data: Path) -> None:
    write_tf_records(data / "a", [{"miles": 1}, {"miles": 1.5}])
    with pytest.raises(DataError, match=r"a, records 1 to 2: .*found float_list for feature .mil"):
        check("tfrecord")
    write_tf_records(data / "a", [*[{"miles": 1}] * 1000, {"miles": 1.5}])
    with pytest.raises(DataError, match=r"a, records from 1001 on: feature 'miles' is list of fl"):
        check("tfrecord")


def test_compressed_records_are_read_by_their_ending(check: Check, data: Path) -> None:
    write_tf_records(data / "a.gz")
    assert check("tfrecord").rows == len(ROWS)
    (data / "a.gz").rename(data / "a")
    with pytest.raises(DataError, match=r"from record 1 on.*has to be named \*\.gz"):
        check("tfrecord")


def test_a_window_of_spans_is_checked_and_findings_name_the_span_s_file(
    check: Check, data: Path
) -> None:
    for day in (6, 7, 8):
        write_csv(data / f"day-{day}" / "a.csv", [{"fare": day * 100, "miles": 1}])
    with pytest.raises(DataError, match=r"2 cells .*700 in day-7/a\.csv line 2, 800 in day-8/a\.c"):
        check("csv", BETWEEN, pattern="day-{SPAN}/*.csv", span=8, window=2)


def test_a_missing_span_is_refused(check: Check, data: Path) -> None:
    write_csv(data / "day-6.csv")
    with pytest.raises(DataError, match=r"for span 7; there are none\. There are the spans 6\."):
        check("csv", pattern="day-{SPAN}.csv", span=7)


def test_the_fingerprint_is_that_of_the_span(data: Path) -> None:
    properties = {"data_uri": str(data), "pattern": "{SPAN}.csv", "span": 2, "window": 1}

    def fingerprint() -> str:
        output = Driver(None).run(ExecutionInfo(exec_properties=properties))
        return str(output.exec_properties["data_fingerprint"].string_value)

    write_csv(data / "2.csv")
    before = fingerprint()
    write_csv(data / "3.csv")
    assert fingerprint() == before
    write_csv(data / "2.csv", ROWS[:1])
    assert fingerprint() != before


def test_what_is_checked_is_what_example_gen_reads(check: Check, data: Path) -> None:
    """Dates are seconds, booleans 0 and 1, bytes text, and a list of one value is that value."""
    schema = pa.schema(
        [
            ("day", pa.date32()),
            ("paid", pa.bool_()),
            ("raw", pa.binary()),
            ("stops", pa.list_(pa.int64())),
            ("miles", pa.int64()),
        ]
    )
    row = {"day": date(1970, 1, 2), "paid": True, "raw": b"text", "stops": [3], "miles": 1}
    write_parquet(data / "a", [row, {"raw": b"\xff", "paid": False, "stops": []}], schema)
    wanted = {"day": [86_400], "paid": [0, 1], "raw": ["text", "\\xff"], "stops": [3]}
    expectations = [
        {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": column, "value_set": values},
        }
        for column, values in wanted.items()
    ]
    assert check("parquet", *expectations).rows == 2
