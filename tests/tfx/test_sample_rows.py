"""Rows drawn from a version's own data, and the span that they become."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from tests.tfx.data_files import write_csv, write_records
from tfx_components.values import example_of
from tfx_components.version_pusher.signatures import signature_shapes
from tfx_contract.compiled import CodeOrigin
from tfx_contract.drift_expressions import parse_drift
from tfx_contract.errors import InputError
from tfx_contract.manifest import MANIFEST_FILE, SAVED_MODEL_FOLDER, VersionManifest
from tfx_contract.model_spec import StandardModelSpec
from tfx_contract.node import ArtifactRecord, Run
from tfx_runtime.sample_rows import Wish, draw, sample_rows

PROJECT = Path(__file__).parents[2]
TRIPS = [
    {
        "fare": float(n) if n % 5 else None,
        "miles": n,
        "kind": "Card" if n % 2 else "Cash",
        "tips": float(n % 3) if n != 7 else None,
    }
    for n in range(20)
]

Line = dict[str, Any]
Draw = Callable[..., list[Line]]


class _Model(tf.Module):
    """Has the signatures of our models; a trip is generous when its tip is at least 2."""

    def save(self, folder: Path) -> None:
        serialized = tf.TensorSpec([None], tf.string, name="examples")
        columns = {
            "fare": tf.TensorSpec([None], tf.float64, name="fare"),
            "kind": tf.TensorSpec([None], tf.string, name="kind"),
        }
        features = {"fare_xf": tf.TensorSpec([None, 1], tf.float32, name="fare_xf")}
        tf.saved_model.save(
            self,
            str(folder),
            {
                "serving_default": tf.function(self._of_examples).get_concrete_function(serialized),
                "serving_json": tf.function(self._of_columns).get_concrete_function(**columns),
                "serving_transformed": tf.function(self._of_features).get_concrete_function(
                    **features
                ),
                "tips_json": tf.function(self._of_tips).get_concrete_function(
                    tips=tf.TensorSpec([None], tf.float64, name="tips")
                ),
                "transform_features": tf.function(self._transform).get_concrete_function(
                    serialized
                ),
            },
        )

    def _of_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"generous": self._transform(examples)["fare_xf"][:, 0]}

    def _of_columns(self, fare: tf.Tensor, kind: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"generous": tf.where(kind == "Cash", fare * 0, fare)}

    def _of_features(self, fare_xf: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"generous": fare_xf[:, 0]}

    def _of_tips(self, tips: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"generous": tips}

    def _transform(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        spec = {
            name: tf.io.FixedLenFeature([1], tf.float32, default_value=[0.0])
            for name in ("fare", "tips")
        }
        found = tf.io.parse_example(examples, spec)
        return {"fare_xf": found["fare"], "tips_xf": tf.cast(found["tips"] >= 2, tf.int64)}


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pushed version that learned from 15 trips and was judged by 5."""
    folder = tmp_path_factory.mktemp("versions") / "7"
    _Model().save(folder / SAVED_MODEL_FOLDER)
    examples = folder.parent / "examples"
    serialized = [example_of(trip).SerializeToString() for trip in TRIPS]
    write_records(examples / "Split-train" / "a-0.gz", serialized[:15])
    write_records(examples / "Split-eval" / "a-0.gz", serialized[15:])
    _manifest(folder, examples).write(folder / MANIFEST_FILE)
    return folder


def _manifest(folder: Path, examples: Path) -> VersionManifest:
    shapes = signature_shapes(folder / SAVED_MODEL_FOLDER)
    return VersionManifest(
        model="taxi",
        version=7,
        model_fingerprint="f",
        created_at="2026-11-01T00:00:00+00:00",
        run=Run(dag_id="taxi", run_id="manual__1"),
        pipeline_digest="aaaa1111",
        modules_digest="m",
        origin=CodeOrigin(),
        data=[],
        artifacts={"examples": ArtifactRecord(id=1, type="Examples", uri=str(examples))},
        executions={},
        hyperparameters={},
        parameters={},
        metrics=[],
        signatures=list(shapes),
        signature_shapes=shapes,
    )


def spec(uri: object, pattern: str | None = None) -> StandardModelSpec:
    return StandardModelSpec.model_validate(
        {
            "data": {"uri": str(uri), "pattern": pattern, "label": "tips"},
            "evaluation": {"label": "tips_xf", "metrics": {"AUC": {}}},
        }
    )


@pytest.fixture
def wish(version: Path, tmp_path: Path) -> Wish:
    return Wish(version=version, rows=20, seed=1, spec=spec(tmp_path / "data"))


@pytest.fixture
def drawn(wish: Wish, tmp_path: Path) -> Draw:
    """Draws rows, and reads them back."""

    def run(*drift: str, **changes: Any) -> list[Line]:
        output = tmp_path / "rows.jsonl"
        expressions = [parse_drift(text) for text in drift]
        sample_rows(replace(wish, drift=expressions, **changes), output)
        return [json.loads(line) for line in output.read_text().splitlines()]

    return run


def label_of(tips: float | None) -> dict[str, float] | None:
    """The raw label, and what the transformation makes of it."""
    return None if tips is None else {"tips": tips, "tips_xf": int(tips >= 2)}


def test_all_rows_are_drawn_once_with_what_the_signature_takes(drawn: Draw) -> None:
    lines = drawn()
    assert sorted(map(json.dumps, lines)) == sorted(
        json.dumps(
            {
                "columns": {"fare": trip["fare"], "kind": trip["kind"]},
                "label": label_of(trip["tips"]),
            }
        )
        for trip in TRIPS
    )
    assert lines != drawn(seed=2)
    assert lines == drawn(seed=1)


def test_few_rows_are_drawn_of_both_splits_and_many_again_and_again(drawn: Draw) -> None:
    few = [json.dumps(line) for line in drawn(rows=3)]
    assert len(few) == 3
    many = drawn(rows=300)
    assert len(many) == 300
    fares = {line["columns"]["fare"] for line in many}
    assert fares == {trip["fare"] for trip in TRIPS}


def test_every_row_is_as_likely_as_any_other() -> None:
    chance = random.Random(5)
    counts = dict.fromkeys(range(10), 0)
    for _ in range(2000):
        for example in draw((bytes([n]) for n in range(10)), 3, chance):
            counts[example[0]] += 1
    assert all(500 < count < 700 for count in counts.values()), counts


def test_drift_reaches_the_columns_and_a_label_that_depends_on_them(drawn: Draw) -> None:
    lines = drawn("fare*2", "tips=0:0.5", "kind=Prepaid:0.25")
    fares = sorted(line["columns"]["fare"] or 0 for line in lines)
    assert fares == sorted((trip["fare"] or 0) * 2 for trip in TRIPS)
    assert [line["columns"]["kind"] for line in lines].count("Prepaid") == 5
    assert "tips" not in lines[0]["columns"]
    assert sum(line["label"]["tips_xf"] for line in lines if line["label"]) < 6


def test_a_label_may_drift_alone(drawn: Draw) -> None:
    assert [line["label"] for line in drawn("tips=2")] == [label_of(2.0)] * 20
    assert {line["label"] for line in drawn("tips=")} == {None}


def test_a_label_that_is_not_transformed_is_told_once(drawn: Draw, tmp_path: Path) -> None:
    plain = spec(tmp_path / "data")
    plain = plain.model_copy(
        update={"evaluation": plain.evaluation.model_copy(update={"label": "tips"})}
    )
    assert [line["label"] for line in drawn("tips=2", spec=plain)] == [{"tips": 2.0}] * 20


def test_a_range_has_its_rows_drawn_until_there_are_enough(drawn: Draw) -> None:
    lines = drawn("miles~3..4", "fare+1")
    assert len(lines) == 20
    assert {line["columns"]["fare"] for line in lines} == {4.0, 5.0}


def test_a_range_without_rows_is_refused(drawn: Draw) -> None:
    with pytest.raises(InputError, match=r"--drift 'miles~100\.\.200': no row of the data lies"):
        drawn("fare*2", "miles~100..200")


def test_an_unknown_column_is_refused(drawn: Draw) -> None:
    with pytest.raises(InputError, match=r"no column 'mile'; allowed: fare, kind, miles, tips\."):
        drawn("mile*2")


@pytest.mark.parametrize("signature", ["serving_default", "tips_json", "no_such"])
def test_a_signature_must_take_columns_that_a_request_has(drawn: Draw, signature: str) -> None:
    with pytest.raises(InputError, match=rf"signature '{signature}' to take .*: serving_json\."):
        drawn(signature=signature)


def test_rows_become_the_next_span_label_and_all(wish: Wish, tmp_path: Path, drawn: Draw) -> None:
    names = ["tips", "kind", "miles", "fare"]
    write_csv(tmp_path / "data" / "day-4.csv", [{name: TRIPS[1][name] for name in names}])
    output = tmp_path / "rows.jsonl"
    drift = [parse_drift("fare=8"), parse_drift("tips=2.5")]
    spanned = replace(
        wish, drift=drift, rows=4, span=True, spec=spec(tmp_path / "data", "day-{SPAN}.csv")
    )
    sample = sample_rows(spanned, output)
    assert sample.written is not None
    assert (sample.written.span, sample.written.rows) == (5, 4)
    assert (sample.rows, sample.labelled, sample.signature) == (4, 4, "serving_json")
    header, *lines = (tmp_path / "data" / "day-5.csv").read_text().splitlines()
    assert header == ",".join(names)
    sent = [json.loads(line)["columns"]["kind"] for line in output.read_text().splitlines()]
    assert [line.split(",")[:2] for line in lines] == [["2.5", kind] for kind in sent]
    assert {line.split(",")[3] for line in lines} == {"8.0"}


def test_data_inside_a_package_is_not_written_to(wish: Wish, tmp_path: Path) -> None:
    uri = "package://tfx/examples/chicago_taxi_pipeline/data/simple"
    output = tmp_path / "rows.jsonl"
    with pytest.raises(InputError, match=r"belongs to an installed Python package.*Copy the files"):
        sample_rows(replace(wish, span=True, spec=spec(uri)), output)
    assert not output.exists()


def test_a_pipeline_of_one_s_own_has_labels_and_no_span(wish: Wish, drawn: Draw) -> None:
    assert {line["label"] for line in drawn(spec=None)} == {0, 1}
    with pytest.raises(InputError, match=r"model\.yaml does not say where the data lies"):
        drawn(spec=None, span=True)


def test_a_version_without_its_examples_is_named(version: Path, wish: Wish, tmp_path: Path) -> None:
    bare = tmp_path / "8"
    bare.mkdir()
    manifest = _manifest(version, tmp_path / "nowhere")
    manifest.write(bare / MANIFEST_FILE)
    with pytest.raises(InputError, match=r"in .*nowhere; they are gone\. Run the model again"):
        sample_rows(replace(wish, version=bare), tmp_path / "rows.jsonl")


def test_the_command_prints_a_record_or_a_mistake(version: Path, tmp_path: Path) -> None:
    output = tmp_path / "rows.jsonl"
    command = [sys.executable, "-m", "tfx_runtime.sample_rows", str(version), "--rows", "2"]
    command += ["--output", str(output), "--drift"]
    good, bad = (
        subprocess.run([*command, text], cwd=PROJECT, capture_output=True, text=True)
        for text in ("fare*2", "fair*2")
    )
    assert json.loads(good.stdout.splitlines()[-1])["rows"] == 2
    assert len(output.read_text().splitlines()) == 2
    assert (bad.returncode, bad.stderr.splitlines()[-1].partition(";")[0]) == (
        2,
        "--drift 'fair*2': there is no column 'fair'",
    )
