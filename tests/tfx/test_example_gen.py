"""ExampleGen for every format and for spans, through the node runner, with real files."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from tests.tfx.data_files import (
    ROWS,
    read_rows,
    read_split,
    write_avro,
    write_csv,
    write_parquet,
    write_records,
    write_tf_records,
)
from tests.tfx.harness import TOY, WorkerProcess
from tfx_contract.node import Failure, NodeRequest, NodeResult, NodeState, Run
from tfx_runtime.metadata import connection_config

NODES = ["csv", "tfrecord", "avro", "parquet", "numbered", "dated"]
# As `read_rows` sorts them.
FEATURES = [
    {"fare": [0.0], "miles": [0], "payment_type": [b"Card"]},
    {"fare": [2.5], "miles": [7], "payment_type": []},
    {"fare": [], "miles": [], "payment_type": [b"Cash"]},
]

Gen = Callable[..., NodeResult]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled pipeline with one ExampleGen of each kind."""
    from tfx_runtime.compile import compile_model

    folder = tmp_path_factory.mktemp("dags") / "example_gens"
    folder.mkdir()
    shutil.copy(TOY / "example_gen_pipeline.py", folder / "pipeline.py")
    places = ", ".join(f"{node}.input_base" for node in [*NODES, "tfx"])
    (folder / "model.yaml").write_text(f"""
parameters:
  data_uri: {{type: str, bind: [{places}]}}
  day: {{type: int, bind: [numbered.span, dated.span]}}
  window: {{type: int, bind: [numbered.window, dated.window]}}
""")
    compiled = tmp_path_factory.mktemp("compiled")
    return compiled / "example_gens" / compile_model(folder, compiled).digest


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def gen(worker: WorkerProcess, package: Path, data: Path, tmp_path: Path) -> Gen:
    """Runs one of the nodes, each time in a run of its own."""

    def run(node_id: str, **parameters: Any) -> NodeResult:
        request = NodeRequest(
            model="example_gens",
            node_id=node_id,
            package=str(package),
            run=Run(dag_id="example_gens", run_id=uuid.uuid4().hex),
            token=uuid.uuid4().hex,
            pipeline_root=str(tmp_path / "root"),
            metadata=f"sqlite:///{tmp_path / 'metadata.db'}",
            versions=str(tmp_path / "versions"),
            parameters={"data_uri": str(data), **parameters},
        )
        return worker.run(request)

    return run


def _uri(result: NodeResult) -> str:
    assert result.failure is None, result.failure
    return result.outputs["examples"][0].uri


def _failure(result: NodeResult) -> Failure:
    assert result.state is NodeState.FAILED
    assert result.failure is not None
    assert not result.failure.retryable, result.failure
    assert not result.failure.trace
    return result.failure


@pytest.mark.parametrize(
    ("node_id", "write", "name"),
    [
        ("csv", write_csv, "a.csv"),
        ("tfrecord", write_tf_records, "part-0"),
        ("tfrecord", write_tf_records, "part-0.gz"),
        ("avro", write_avro, "a.avro"),
        ("parquet", write_parquet, "a.parquet"),
    ],
)
def test_the_same_rows_give_the_same_features_in_every_format(
    gen: Gen, data: Path, node_id: str, write: Callable[[Path], None], name: str
) -> None:
    write(data / name)
    assert read_rows(_uri(gen(node_id))) == FEATURES


def test_csv_without_spans_is_what_tfx_makes_of_it(gen: Gen, data: Path) -> None:
    rows = [{"n": n, "half": n / 2, "text": f"row {n}" if n % 3 else None} for n in range(60)]
    write_csv(data / "a.csv", rows[:30])
    write_csv(data / "b.csv", rows[30:])
    ours, theirs = (gen(node).outputs["examples"][0] for node in ("csv", "tfx"))
    for split in ("train", "eval"):
        assert read_split(ours.uri, split) == read_split(theirs.uri, split)
    names = ("input_fingerprint", "span", "payload_format", "file_format", "split_names")
    for name in names:
        assert ours.properties[name] == theirs.properties[name]


def test_a_column_of_a_window_has_one_type_though_one_span_holds_whole_numbers_only(
    gen: Gen, data: Path
) -> None:
    for day, fare in {6: 6, 7: 7.5, 8: 8, 9: 9}.items():
        write_csv(data / f"day-0{day}" / "a.csv", [{"fare": fare}])
    result = gen("numbered", day=8, window=3)
    assert read_rows(_uri(result)) == [{"fare": [6.0]}, {"fare": [7.5]}, {"fare": [8.0]}]
    properties = result.outputs["examples"][0].properties
    assert (properties["span"], properties["window"]) == (8, 3)
    assert str(properties["input_fingerprint"]).count("num_files:1") == 3


def test_the_newest_version_of_the_span_is_read_and_recorded(gen: Gen, data: Path) -> None:
    for version in (1, 2):
        write_parquet(data / "2026-11-22" / f"v{version}" / "a.parquet", [{"n": version}])
    write_parquet(data / "2026-11-23" / "v1" / "a.parquet", [{"n": 3}])
    result = gen("dated", day=(date(2026, 11, 22) - date(1970, 1, 1)).days)
    assert read_rows(_uri(result)) == [{"n": [2]}]
    properties = result.outputs["examples"][0].properties
    assert (properties["span"], properties["version"]) == (20779, 2)


def test_a_missing_span_fails_the_node_and_says_which_there_are(
    gen: Gen, data: Path, tmp_path: Path
) -> None:
    write_csv(data / "day-07" / "a.csv")
    failure = _failure(gen("numbered", day=8))
    assert failure.kind == "DataError"
    assert (
        "day-{SPAN:2}/*.csv for span 8; there are none. There are the spans 7." in failure.message
    )
    store = MetadataStore(connection_config(f"sqlite:///{tmp_path / 'metadata.db'}"))
    states = [execution.last_known_state for execution in store.get_executions()]
    assert states == [metadata_store_pb2.Execution.FAILED]


def test_a_hole_in_the_window_fails_the_node(gen: Gen, data: Path) -> None:
    for day in (6, 8):
        write_csv(data / f"day-0{day}" / "a.csv")
    message = _failure(gen("numbered", day=8, window=3)).message
    assert "for span 7 of the window of 3; there are none. There are the spans 6, 8." in message


def test_the_cache_sees_new_bytes_of_any_span_and_keeps_what_is_unchanged(
    gen: Gen, data: Path
) -> None:
    for day in (7, 8):
        write_csv(data / f"day-0{day}" / "a.csv")
    first = gen("numbered", day=8, window=2)
    assert gen("numbered", day=8, window=2).state is NodeState.CACHED
    write_csv(data / "day-07" / "a.csv", [*ROWS, *ROWS])
    again = gen("numbered", day=8, window=2)
    assert (first.state, again.state) == (NodeState.COMPLETE, NodeState.COMPLETE)
    assert len(read_rows(_uri(again))) == 9


def test_a_new_version_of_a_span_is_read_though_it_was_cached(gen: Gen, data: Path) -> None:
    for version in (1, 2):
        write_parquet(data / "1970-01-05" / f"v{version}" / "a.parquet", [{"n": version}])
        os.utime(data / "1970-01-05" / f"v{version}" / "a.parquet", (1, 1))
        assert read_rows(_uri(gen("dated", day=4))) == [{"n": [version]}]


def test_types_that_tfx_refuses_become_numbers(gen: Gen, data: Path) -> None:
    moment = datetime(2026, 11, 22, 6, 0, 1, 999_000)
    rows = [
        {"at": moment, "day": moment.date(), "paid": True, "price": Decimal("1.5"), "raw": b"\xff"},
        {"at": moment.replace(tzinfo=UTC), "paid": False, "price": Decimal(0), "stops": [0, 2]},
    ]
    schema = pa.schema(
        [
            ("at", pa.timestamp("us")),
            ("day", pa.date32()),
            ("paid", pa.bool_()),
            ("price", pa.decimal128(9, 2)),
            ("raw", pa.binary()),
            ("stops", pa.list_(pa.int64())),
        ]
    )
    write_parquet(data / "a.parquet", rows, schema)
    at = int(datetime(2026, 11, 22, 6, 0, 1, tzinfo=UTC).timestamp())
    day = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp())
    assert read_rows(_uri(gen("parquet"))) == [
        {"at": [at], "day": [day], "paid": [1], "price": [1.5], "raw": [b"\xff"], "stops": []},
        {"at": [at], "day": [], "paid": [0], "price": [0.0], "raw": [], "stops": [0, 2]},
    ]


def test_avro_s_logical_types_and_enumerations_become_numbers_and_text(
    gen: Gen, data: Path
) -> None:
    fields = {
        "at": {"type": "long", "logicalType": "timestamp-millis"},
        "day": {"type": "int", "logicalType": "date"},
        "price": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
        "kind": {"type": "enum", "name": "kind", "symbols": ["A", "B"]},
        "other": ["null", "kind"],
        "stops": {"type": "array", "items": "boolean"},
    }
    moment = datetime(1970, 1, 2, tzinfo=UTC)
    row = {"at": moment, "day": moment.date(), "price": Decimal("0.25"), "kind": "B"}
    write_avro(data / "a.avro", [{**row, "other": "A", "stops": [True, False]}], fields)
    assert read_rows(_uri(gen("avro"))) == [
        {
            "at": [86_400],
            "day": [86_400],
            "kind": [b"B"],
            "other": [b"A"],
            "price": [0.25],
            "stops": [1, 0],
        }
    ]


def test_a_file_of_another_format_is_named(gen: Gen, data: Path) -> None:
    write_csv(data / "a.parquet")
    message = _failure(gen("parquet")).message
    assert f"{data / 'a.parquet'}: expected a file of the format 'parquet'" in message


def test_a_nested_column_is_named(gen: Gen, data: Path) -> None:
    write_parquet(data / "a.parquet", [{"trip": {"fare": 1}}])
    message = _failure(gen("parquet")).message
    assert "a.parquet: column 'trip' is of the type struct<fare: int64>; allowed: " in message


def test_records_that_are_no_examples_are_refused(gen: Gen, data: Path) -> None:
    write_records(data / "part-0", [b"\xff no example"])
    assert "A record is no tf.Example" in _failure(gen("tfrecord")).message


def test_an_empty_folder_fails_with_a_sentence(gen: Gen, data: Path) -> None:
    message = _failure(gen("avro")).message
    assert message == f"{data}: expected files named *.avro; found an empty folder."
