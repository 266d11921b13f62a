"""Batch scoring: what the rows become, and what is written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_serving.apis import prediction_log_pb2
from tfx.proto.orchestration import pipeline_pb2
from tfx.types import standard_artifacts

from tfx_components.atomic_folder import whole_folder
from tfx_components.example_rows import row_of_example
from tfx_components.score_writer.component import Scores
from tfx_components.score_writer.executor import Executor as Writer
from tfx_components.score_writer.record import ScoredRows
from tfx_components.typed_rows.conversion import converted
from tfx_contract.errors import DataError, InputError

ROOT = Path(__file__).parents[2]

_Feature = tf.train.Feature


def _ints(*values: int) -> tf.train.Feature:
    return _Feature(int64_list=tf.train.Int64List(value=values))


def _floats(*values: float) -> tf.train.Feature:
    return _Feature(float_list=tf.train.FloatList(value=values))


def _texts(*values: bytes) -> tf.train.Feature:
    return _Feature(bytes_list=tf.train.BytesList(value=values))


def _serialized(columns: dict[str, tf.train.Feature]) -> bytes:
    features = tf.train.Features(feature=columns)
    serialized: bytes = tf.train.Example(features=features).SerializeToString()
    return serialized


@pytest.mark.parametrize(
    ("found", "wanted", "value"),
    [
        (_ints(12), schema_pb2.FLOAT, 12.0),
        (_floats(12.0), schema_pb2.INT, 12),
        (_ints(60601), schema_pb2.BYTES, "60601"),
        (_texts(b"1.5"), schema_pb2.FLOAT, 1.5),
        (_Feature(), schema_pb2.FLOAT, None),
    ],
)
def test_values_get_the_type_that_the_version_learned_from(
    found: tf.train.Feature, wanted: int, value: object
) -> None:
    # A batch in which every fare is a whole number is inferred as one of whole numbers.
    row = _serialized({"fare": found, "unknown": _ints(1)})
    assert row_of_example(converted(row, {"fare": wanted})) == {"fare": value, "unknown": 1}


def test_a_value_that_cannot_be_of_the_type_is_named_with_its_column() -> None:
    with pytest.raises(DataError, match=r"Column 'fare': found b'free'; .* takes FLOAT"):
        converted(_serialized({"fare": _texts(b"free")}), {"fare": schema_pb2.FLOAT})
    with pytest.raises(DataError, match=r"found 1\.5; .* takes INT"):
        converted(_serialized({"fare": _floats(1.5)}), {"fare": schema_pb2.INT})


def test_every_kind_of_value_is_written_and_what_is_not_finite_is_counted(tmp_path: Path) -> None:
    columns = {
        "text": _texts("Österreich".encode()),
        "bytes": _texts(b"\xff\xfe"),
        "number": _floats(13.2),
        "nan": _floats(float("nan")),
        "whole": _ints(2**53 + 1),
        "list": _ints(1, 2),
        "blank": _Feature(),
    }
    outputs = {"score": np.float32([0.1]), "label": np.array([b"red"]), "both": np.float32([1, 2])}
    bad = {"score": np.float32([float("inf")]), "label": np.array([b"\xff"])}
    _write(tmp_path, [_log(columns, outputs), _log({}, bad)])
    [row, other] = _rows(tmp_path)
    assert row["columns"] == {
        "text": "Österreich",
        "bytes": {"b64": "//4="},
        "number": 13.2,
        "nan": None,
        "whole": 2**53 + 1,
        "list": [1, 2],
        "blank": None,
    }
    assert row["outputs"] == {"score": 0.1, "label": "red", "both": [1.0, 2.0]}
    assert other["outputs"] == {"score": None, "label": {"b64": "/w=="}}
    record = ScoredRows.read(tmp_path / "scored" / "monday" / "scored.json")
    assert (record.rows, record.rows_not_finite) == (2, 1)


def test_a_retry_leaves_what_the_try_before_it_wrote(tmp_path: Path) -> None:
    _write(tmp_path, [_log({}, {"score": np.float32([1])})])
    before = (tmp_path / "scored" / "monday" / "rows.jsonl").stat()
    scores = _write(tmp_path, [])
    assert scores.rows == 1
    assert scores.version == 12
    after = (tmp_path / "scored" / "monday" / "rows.jsonl").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_no_rows_are_no_error(tmp_path: Path) -> None:
    assert _write(tmp_path, []).rows == 0
    assert _rows(tmp_path) == []


def test_a_signature_that_classifies_is_refused(tmp_path: Path) -> None:
    log = prediction_log_pb2.PredictionLog()
    log.classify_log.SetInParent()
    with pytest.raises(InputError, match=r"scoring\.signature: it gives a classify_log"):
        _write(tmp_path, [log])
    assert list((tmp_path / "scored").iterdir()) == []


def test_an_output_in_a_bucket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"scoring\.output: found 'gs://bucket/scores'"):
        _write(tmp_path, [], output="gs://bucket/scores")


def test_a_writer_killed_half_way_leaves_nothing_and_the_next_one_cleans_up(
    tmp_path: Path,
) -> None:
    target = tmp_path / "scored" / "monday"
    _start_and_kill(target)
    assert not target.exists()
    assert list(target.parent.glob(".draft-monday-*"))
    with whole_folder(target) as draft:
        (draft / "rows.jsonl").write_text("all of it")
    assert [path.name for path in target.parent.iterdir()] == ["monday"]
    assert (target / "rows.jsonl").read_text() == "all of it"


def _start_and_kill(target: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tfx_components.atomic_folder import whole_folder\n"
        "with whole_folder(Path(sys.argv[1])) as draft:\n"
        "    (draft / 'rows.jsonl').write_text('half')\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(target)]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        while process.poll() is None and not list(target.parent.glob(".draft-*/rows.jsonl")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def _log(columns: dict[str, tf.train.Feature], outputs: dict[str, Any]) -> Any:
    log = prediction_log_pb2.PredictionLog()
    request = tf.make_tensor_proto([_serialized(columns)])
    log.predict_log.request.inputs["examples"].CopyFrom(request)
    for name, value in outputs.items():
        log.predict_log.response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
    return log


def _write(folder: Path, logs: list[Any], output: str = "") -> Scores:
    inference, model = standard_artifacts.InferenceResult(), standard_artifacts.Model()
    examples, scores = standard_artifacts.Examples(), Scores()
    inference.uri, scores.uri = str(folder / "inference"), str(folder / "root" / "scores")
    Path(inference.uri).mkdir(exist_ok=True)
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(folder / "inference" / "logs.gz"), options) as file:
        for log in logs:
            file.write(log.SerializeToString())
    model.set_int_custom_property("version", 12)
    examples.split_names = '["rows"]'
    properties = {
        "output": output or str(folder / "scored"),
        "data_uri": "new",
        "signature": "serving_default",
    }
    inputs = {"inference_result": [inference], "model": [model], "examples": [examples]}
    Writer(_context()).Do(inputs, {"scores": [scores]}, properties)
    return scores


def _rows(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "scored" / "monday" / "rows.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def _context() -> Writer.Context:
    node = pipeline_pb2.PipelineNode(node_info=pipeline_pb2.NodeInfo(id="ScoreWriter"))
    return Writer.Context(
        pipeline_node=node,
        pipeline_info=pipeline_pb2.PipelineInfo(id="wine__score"),
        pipeline_run_id="monday",
    )
