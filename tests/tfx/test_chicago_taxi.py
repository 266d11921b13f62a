"""The taxi pipeline from its CSV file to a served prediction, under TFX's own runner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact

from tests.tfx.skew import assert_no_skew, csv_rows, served_features, trained_features
from tfx_components.evaluation import failures, metric_verdicts
from tfx_components.version_pusher.versions import read_versions
from tfx_contract.drift_expressions import parse_drift
from tfx_contract.manifest import VersionManifest
from tfx_contract.model_spec import StandardModelSpec, load_model_spec
from tfx_contract.sources import SHARED_FOLDER
from tfx_runtime.modules import importable_from
from tfx_runtime.sample_rows import Wish, sample_rows
from tfx_runtime.summaries import summarize
from tfx_runtime.training_pipeline import create_pipeline
from tfx_runtime.uris import resolve_uri

PROJECT = Path(__file__).parents[2]
TAXI = PROJECT / "dags" / "chicago_taxi"
STEPS = 200

_Connection = metadata_store_pb2.ConnectionConfig


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the outcome of one run."""
    folder = tmp_path_factory.mktemp("taxi")
    _run(folder)
    return folder


@pytest.fixture
def manifest(home: Path) -> VersionManifest:
    [found] = read_versions(home / "versions")
    return found


def _run(home: Path) -> None:
    pipeline = create_pipeline(_spec(), TAXI, pipeline_root=str(home))
    pipeline.metadata_connection_config = _connection(home)
    # LocalDagRunner packs what lies beside `module_file`, and not what the models share.
    with importable_from([TAXI.parent / SHARED_FOLDER]):
        LocalDagRunner().run(pipeline)


def _connection(home: Path) -> _Connection:
    return metadata.sqlite_metadata_connection_config(str(home / "metadata.db"))


def _spec() -> StandardModelSpec:
    spec = load_model_spec(TAXI)
    assert isinstance(spec, StandardModelSpec)
    data = spec.data.model_copy(update={"uri": resolve_uri(spec.data.uri)})
    training = spec.training.model_copy(update={"steps": STEPS})
    return spec.model_copy(update={"data": data, "training": training})


def _newest(home: Path, kind: type[Artifact]) -> Artifact:
    with metadata.Metadata(_connection(home)) as handle:
        proto = handle.store.get_artifacts_by_type(kind.TYPE_NAME)[-1]
    artifact = kind()
    artifact.set_mlmd_artifact(proto)
    return artifact


def test_the_manifest_says_where_the_version_came_from(manifest: VersionManifest) -> None:
    assert manifest.model == "chicago_taxi"
    assert manifest.version == manifest.executions["Pusher"]
    assert {"DataGate", "Transform", "Trainer"} <= manifest.executions.keys()
    assert manifest.hyperparameters["train_steps"] == STEPS
    assert manifest.hyperparameters["learning_rate"] == 0.001
    assert {"model", "schema", "statistics", "transform_graph"} <= manifest.artifacts.keys()
    assert manifest.data[0].splits == ["train", "eval"]
    assert len(manifest.data[0].fingerprint) == 64


def test_the_model_learned_and_is_measured_by_slices(manifest: VersionManifest) -> None:
    overall = {metric.name: metric for metric in manifest.metrics if not metric.slice}
    assert all(overall[name].passed for name in ("AUC", "AUCPrecisionRecall", "BinaryAccuracy"))
    assert (overall["AUC"].value or 0) > 0.9
    assert overall["AUC"].minimum == 0.85
    columns = {metric.slice.partition(":")[0] for metric in manifest.metrics if metric.slice}
    assert columns == {"trip_start_hour", "payment_type"}


def test_three_ways_to_call_the_model_are_served(manifest: VersionManifest) -> None:
    assert {"serving_default", "serving_json", "serving_transformed"} <= set(manifest.signatures)


def test_all_rows_as_requests_give_the_very_features_that_training_saw(
    home: Path, manifest: VersionManifest, tmp_path: Path
) -> None:
    model = home / "versions" / str(manifest.version) / "model"
    [data] = (Path(resolve_uri(_spec().data.uri))).glob("*.csv")
    rows = csv_rows(data, manifest.signature_shapes["transform_json"].inputs)
    served = served_features(model, "transform_json", rows, tmp_path)
    assert_no_skew(served, trained_features(home), "tips_xf")


def test_a_fresh_process_predicts_rows_of_the_real_data(
    home: Path, manifest: VersionManifest
) -> None:
    folder = home / "versions" / str(manifest.version)
    command = [sys.executable, "-m", "tfx_runtime.predict", str(folder), "--rows", "10", "--json"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert len(rows) == 10
    assert all(0 <= row["outputs"]["probability"] <= 1 for row in rows)
    assert {row["label"]["tips_xf"] for row in rows} <= {0, 1}
    assert rows[0]["columns"]["pickup_community_area"] is None


def test_trips_are_drawn_again_with_the_labels_that_training_saw(
    home: Path, manifest: VersionManifest, tmp_path: Path
) -> None:
    wish = Wish(
        version=home / "versions" / str(manifest.version),
        rows=500,
        seed=1,
        drift=[parse_drift("payment_type=Prepaid:0.3"), parse_drift("fare~5..10")],
        spec=_spec(),
    )
    sample = sample_rows(wish, tmp_path / "rows.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert (sample.rows, sample.labelled, sample.signature) == (500, 500, "serving_json")
    inputs = manifest.signature_shapes["serving_json"].inputs
    assert rows[0]["columns"].keys() == inputs.keys()
    assert all(5 <= row["columns"]["fare"] <= 10 for row in rows)
    assert [row["columns"]["payment_type"] for row in rows].count("Prepaid") == 150
    assert {row["label"]["tips_xf"] for row in rows} == {0, 1}
    assert all(row["label"]["tips"] >= 0 for row in rows)


def test_summaries_tell_people_what_happened(home: Path) -> None:
    evaluation = _newest(home, standard_artifacts.ModelEvaluation)
    blessing = _newest(home, standard_artifacts.ModelBlessing)
    summary = summarize("Evaluator", {"evaluation": [evaluation], "blessing": [blessing]})
    assert summary["blessed"]
    assert summary["not_blessed_because"] == []
    assert summary["metrics"]
    pushed = summarize(
        "VersionPusher", {"pushed_model": [_newest(home, standard_artifacts.PushedModel)]}
    )
    assert pushed["pushed"]
    assert Path(pushed["path"]).name == str(pushed["version"])
    anomalies = _newest(home, standard_artifacts.ExampleAnomalies)
    assert summarize("ExampleValidator", {"anomalies": [anomalies]}) == {"anomalies": []}
    assert summarize("StatisticsGen", {}) == {}


def test_a_second_unchanged_run_compares_with_the_first_and_pushes_nothing(home: Path) -> None:
    before = read_versions(home / "versions")
    _run(home)
    assert read_versions(home / "versions") == before
    with metadata.Metadata(_connection(home)) as handle:
        assert len(handle.store.get_artifacts_by_type("Model")) == 1
    summary = summarize(
        "VersionPusher", {"pushed_model": [_newest(home, standard_artifacts.PushedModel)]}
    )
    assert (
        summary["reason"] == f"version {before[0].version}, the newest, is the same model already"
    )
    verdicts = metric_verdicts(_newest(home, standard_artifacts.ModelEvaluation).uri)
    assert verdicts[0].baseline == pytest.approx(verdicts[0].value)
    assert failures(verdicts) == []
