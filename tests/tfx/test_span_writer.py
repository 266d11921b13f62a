"""Rows that join the data of a model, in every format, read back as ExampleGen reads them."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import apache_beam as beam
import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from tests.tfx.data_files import ROWS, write_avro, write_csv, write_parquet, write_tf_records
from tfx_components.example_gen.executor import _READERS
from tfx_components.example_rows import row_of_example
from tfx_components.input_files import Input, find_files, find_portions
from tfx_components.span_writer.writing import write_rows
from tfx_contract.data_spec import DataFormat, Source
from tfx_contract.errors import DataError, InputError

NEW = [
    {"fare": 19.8, "miles": 3, "payment_type": "Prepaid"},
    {"fare": None, "miles": 0, "payment_type": None},
    {"fare": 0.0, "miles": None, "payment_type": 'a "b", c'},
]
WRITE: dict[DataFormat, Callable[..., None]] = {
    DataFormat.CSV: write_csv,
    DataFormat.TFRECORD: write_tf_records,
    DataFormat.AVRO: write_avro,
    DataFormat.PARQUET: write_parquet,
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def source(data: Path, data_format: DataFormat, pattern: str | None = None) -> Source:
    return Source(uri=str(data), format=data_format, pattern=pattern)


def read_back(files: list[str], data_format: DataFormat, tmp_path: Path) -> list[dict[str, Any]]:
    """The rows as ExampleGen's own reader gives them."""
    target = tmp_path / "examples"
    with beam.Pipeline(options=beam.options.pipeline_options.PipelineOptions([])) as pipeline:
        examples = pipeline | _READERS[data_format](files)
        serialized = examples | beam.Map(lambda example: example.SerializeToString())
        _ = serialized | beam.io.WriteToTFRecord(str(target))
    records = tf.data.TFRecordDataset([str(path) for path in tmp_path.glob("examples-*")])
    return sorted(map(row_of_example, records.as_numpy_iterator()), key=repr)


def touch(data: Path, *names: str) -> None:
    for name in names:
        write_csv(data / name)


# Only TFRecord files are compressed by their ending.
@pytest.mark.parametrize(
    ("data_format", "ending"),
    [*((data_format, "") for data_format in DataFormat), (DataFormat.TFRECORD, ".gz")],
)
def test_new_rows_are_read_with_those_before_in_every_format(
    data: Path, tmp_path: Path, data_format: DataFormat, ending: str
) -> None:
    name = "part-0" + ending if data_format is DataFormat.TFRECORD else f"a.{data_format.value}"
    WRITE[data_format](data / name)
    written = write_rows(NEW, source(data, data_format))
    files = find_files(Input(str(data), source(data, data_format).files))
    assert sorted(files) == sorted([str(data / name), written.path])
    assert (written.rows, written.span) == (3, None)
    expected = sorted([dict(row) for row in [*ROWS, *NEW]], key=repr)
    assert read_back(files, data_format, tmp_path) == expected
    assert len(os.listdir(data)) == 2, "the draft is gone"


@pytest.mark.parametrize(
    ("pattern", "present", "expected", "span"),
    [
        ("day-{SPAN}/*.csv", ["day-3/a.csv", "day-9/a.csv"], "day-10/a.csv", 10),
        ("day-{SPAN:2}.csv", ["day-09.csv", "day-07.csv"], "day-10.csv", 10),
        ("{SPAN}/v{VERSION}/*.csv", ["1/v1/a.csv", "1/v7/a.csv"], "2/v1/a.csv", 2),
        ("{SPAN}-{VERSION:3}.csv", ["1-001.csv", "1-002.csv"], "2-001.csv", 2),
        ("{YYYY}/{MM}/{DD}/*.csv", ["2024/02/27/b.csv", "2024/02/28/a.csv"], "2024/02/29/a.csv", 0),
        ("trips-{YYYY}-{MM}-{DD}.csv", ["trips-2026-12-31.csv"], "trips-2027-01-01.csv", 0),
        ("[st]*/{SPAN}.csv", ["south/4.csv"], "south/5.csv", 5),
    ],
)
def test_the_next_span_follows_the_newest(
    data: Path, pattern: str, present: list[str], expected: str, span: int
) -> None:
    touch(data, *present)
    written = write_rows(NEW, source(data, DataFormat.CSV, pattern))
    assert written.path == str(data / expected)
    assert written.span is not None
    [portion] = find_portions(Input(str(data), pattern, written.span))
    assert portion.files == [written.path]
    if span:
        assert (written.span, written.day) == (span, None)
    else:
        assert written.day is not None
        assert written.day.replace("-", "/") in expected.replace("-", "/")


@pytest.mark.parametrize(
    ("pattern", "present", "expected"),
    [
        ("*.csv", ["data.csv"], "data-2.csv"),
        ("*.csv", ["data.csv", "data-2.csv"], "data-3.csv"),
        ("analysed/*.csv", ["analysed/trips.csv", "other/trips.csv"], "analysed/trips-2.csv"),
        ("data*.csv", ["data.csv"], "data-2.csv"),
        ("*/trips.csv", ["a/trips.csv"], "a-2/trips.csv"),
        ("[a-c]?/*.csv", ["b1/part-00000.csv"], "b1/part-2.csv"),
    ],
)
def test_without_spans_one_more_file_lies_beside_the_others(
    data: Path, pattern: str, present: list[str], expected: str
) -> None:
    touch(data, *present)
    written = write_rows(NEW, source(data, DataFormat.CSV, pattern))
    assert (written.path, written.span, written.day) == (str(data / expected), None, None)
    assert written.path in find_files(Input(str(data), pattern))


def test_a_pattern_without_room_for_another_file_is_refused(data: Path) -> None:
    touch(data, "data.csv")
    with pytest.raises(InputError, match=r"'data.csv' names .*has no room for another file"):
        write_rows(NEW, source(data, DataFormat.CSV, "data.csv"))


def test_a_span_with_more_digits_than_the_pattern_has_is_refused(data: Path) -> None:
    touch(data, "day-9.csv")
    with pytest.raises(InputError, match=r"Span 10 has no place in 'day-\{SPAN:1\}.csv'"):
        write_rows(NEW, source(data, DataFormat.CSV, "day-{SPAN:1}.csv"))


@pytest.mark.parametrize("pattern", ["*.csv", "day-{SPAN}/*.csv"])
def test_where_nothing_is_yet_nothing_says_what_files_are_like(data: Path, pattern: str) -> None:
    with pytest.raises(DataError, match=r"there are none\. Deliver the first yourself"):
        write_rows(NEW, source(data, DataFormat.CSV, pattern))
    assert os.listdir(data) == []


@pytest.mark.parametrize("uri", ["package://tfx/examples", "gs://bucket/trips"])
def test_only_a_folder_of_this_machine_is_written_to(uri: str) -> None:
    with pytest.raises(InputError, match=rf"found '{uri}'.*Copy the data to one"):
        write_rows(NEW, Source(uri=uri))


def test_a_csv_file_has_the_columns_of_the_newest_in_their_order(data: Path) -> None:
    write_csv(data / "old.csv", [{"a": 1, "miles": 1}])
    write_csv(data / "new.csv", [{"payment_type": "Card", "fare": 1.5, "miles": 1}])
    os.utime(data / "old.csv", (1, 1))
    path = write_rows(NEW, source(data, DataFormat.CSV)).path
    assert Path(path).read_text().splitlines() == [
        "payment_type,fare,miles",
        "Prepaid,19.8,3",
        ",,0",
        '"a ""b"", c",0.0,',
    ]


@pytest.mark.parametrize("data_format", [DataFormat.CSV, DataFormat.AVRO, DataFormat.PARQUET])
def test_a_column_that_the_files_do_not_have_is_refused(
    data: Path, data_format: DataFormat
) -> None:
    WRITE[data_format](data / f"a.{data_format.value}")
    with pytest.raises(DataError, match=r"'tips': .*allowed.*a\.\w+: fare, miles, payment_type"):
        write_rows([{**NEW[0], "tips": 1}], source(data, data_format))
    assert os.listdir(data) == [f"a.{data_format.value}"]


@pytest.mark.parametrize("data_format", [DataFormat.TFRECORD, DataFormat.AVRO, DataFormat.PARQUET])
def test_values_become_the_type_of_their_column_or_are_refused(
    data: Path, tmp_path: Path, data_format: DataFormat
) -> None:
    name = f"a.{data_format.value}"
    WRITE[data_format](data / name)
    logged = {"fare": 12, "miles": 3.0, "payment_type": {"b64": "Q2FyZA=="}}
    path = write_rows([logged], source(data, data_format)).path
    assert read_back([path], data_format, tmp_path) == [
        {"fare": 12.0, "miles": 3, "payment_type": "Card"}
    ]
    with pytest.raises(DataError, match=r"Column 'miles': found 3\.5; the files hold .*int there"):
        write_rows([{"miles": 3.5}], source(data, data_format))
    with pytest.raises(DataError, match=r"Column 'payment_type': found 7; .*text there"):
        write_rows([{"payment_type": 7}], source(data, data_format))


def test_a_parquet_file_has_the_very_schema_of_the_one_before(data: Path, tmp_path: Path) -> None:
    schema = pa.schema(
        [
            ("at", pa.timestamp("us")),
            ("zoned", pa.timestamp("ms", "UTC")),
            ("day", pa.date32()),
            ("paid", pa.bool_()),
            ("price", pa.decimal128(9, 2)),
            ("ratio", pa.float32()),
            ("kind", pa.dictionary(pa.int8(), pa.string())),
            ("raw", pa.large_binary()),
            ("stops", pa.list_(pa.int32())),
            ("opened", pa.large_list(pa.date32())),
        ]
    )
    write_parquet(data / "a.parquet", [dict.fromkeys(schema.names)], schema)
    rows = [
        {
            "at": 86_401,
            "zoned": 1,
            "day": 86_400,
            "paid": 1,
            "price": 1.1,
            "ratio": 0.5,
            "kind": "A",
            "raw": {"b64": "/w=="},
            "stops": 3,
            "opened": [0, 86_400],
        },
        {"paid": 0, "stops": [1, 2]},
    ]
    path = write_rows(rows, source(data, DataFormat.PARQUET)).path
    assert pq.read_schema(path) == pq.read_schema(data / "a.parquet")
    first = pq.read_table(path).to_pylist()[0]
    assert first["at"] == datetime(1970, 1, 2, 0, 0, 1)
    assert first["zoned"] == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert (first["price"], first["raw"], first["stops"]) == (Decimal("1.10"), b"\xff", [3])
    back = read_back([path], DataFormat.PARQUET, tmp_path)
    empty: dict[str, Any] = dict.fromkeys(schema.names)
    assert back == sorted([{**rows[0], "price": 1.1}, {**empty, **rows[1]}], key=repr)


def test_an_avro_file_has_the_very_schema_of_the_one_before(data: Path, tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "at": {"type": "long", "logicalType": "timestamp-millis"},
        "day": ["null", {"type": "int", "logicalType": "date"}],
        "price": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
        "kind": {"type": "enum", "name": "kind", "symbols": ["A", "B"]},
        "other": ["null", "kind"],
        "paid": "boolean",
        "raw": "bytes",
        "stops": {"type": "array", "items": "int"},
    }
    before = {
        "at": datetime(1970, 1, 2, tzinfo=UTC),
        "day": None,
        "price": Decimal("0.25"),
        "kind": "B",
        "other": None,
        "paid": True,
        "raw": b"x",
        "stops": [],
    }
    write_avro(data / "a.avro", [before], fields)
    row = {
        "at": 5,
        "day": 86_400,
        "price": 1.1,
        "kind": "A",
        "other": "B",
        "paid": 0,
        "raw": {"b64": "/w=="},
        "stops": [1, 2],
    }
    path = write_rows([row], source(data, DataFormat.AVRO)).path
    with open(path, "rb") as new, (data / "a.avro").open("rb") as old:
        assert fastavro.reader(new).writer_schema == fastavro.reader(old).writer_schema
    assert read_back([path], DataFormat.AVRO, tmp_path) == [row]
    with pytest.raises(DataError, match=r"do not fit the columns of .*\.avro: .*paid.*None"):
        write_rows([{**row, "paid": None}], source(data, DataFormat.AVRO))


def test_a_list_has_no_place_in_a_csv_file(data: Path) -> None:
    touch(data, "a.csv")
    with pytest.raises(DataError, match=r"'miles': found \[1, 2\]; a cell .* holds one value"):
        write_rows([{"miles": [1, 2]}], source(data, DataFormat.CSV))


def test_rows_are_needed(data: Path) -> None:
    touch(data, "a.csv")
    with pytest.raises(DataError, match="expected rows to write there; found none"):
        write_rows([], source(data, DataFormat.CSV))
