"""A generated model: its files, its own tests, its compilation, and one short training."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact

from tests.tfx.skew import assert_no_skew, csv_rows, served_features, trained_features
from tfx_components.evaluation import metric_verdicts
from tfx_components.version_pusher.versions import read_versions
from tfx_contract.errors import InputError
from tfx_contract.model_spec import StandardModelSpec, load_model_spec
from tfx_runtime.compile import compile_model
from tfx_runtime.modules import importable_from
from tfx_runtime.training_pipeline import create_pipeline
from tfx_scaffold.scaffold import scaffold

PROJECT = Path(__file__).parents[2]
ROWS = 3000
STEPS = 120


def rare_frame() -> pd.DataFrame:
    """Every kind of column, odd headers, and 2 % positives."""
    rng = np.random.default_rng(7)
    signal, amount = rng.normal(size=ROWS), np.exp(rng.normal(3, 1, ROWS))
    score = signal + 0.5 * np.log(amount) + rng.normal(scale=0.3, size=ROWS)
    moments = pd.Timestamp("2024-01-01") + pd.to_timedelta(
        rng.integers(0, 365 * 86400, ROWS), unit="s"
    )
    return pd.DataFrame(
        {
            "transaction id": [f"t{i}" for i in range(ROWS)],
            "amount ($)": np.where(rng.random(ROWS) < 0.1, np.nan, amount.round(2)),
            "größe": signal,
            "class": rng.integers(1, 5, ROWS),
            "when": moments.strftime("%Y-%m-%d %H:%M:%S"),
            "stamp": 1_700_000_000 + rng.integers(0, 10**7, ROWS),
            "age": ["NA" if age < 20 else str(age) for age in rng.integers(18, 90, ROWS)],
            "member": rng.choice(["yes", "no"], ROWS),
            "country": rng.choice(["de", "fr", 'the "other"'], ROWS),
            "fraud": (score > np.quantile(score, 0.98)).astype(int),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of that frame; beside its file lies another that is no part of it."""
    root = tmp_path_factory.mktemp("scaffold")
    data = root / "data"
    data.mkdir()
    rare_frame().to_csv(data / "fraud.csv", index=False)
    (data / "other.csv").write_text("unrelated\n1\n")
    (root / "dags").mkdir()
    scaffold("fraud", data / "fraud.csv", "fraud", root / "dags")
    return root / "dags" / "fraud"


def spec_of(folder: Path) -> StandardModelSpec:
    """What its `model.yaml` says."""
    spec = load_model_spec(folder)
    assert isinstance(spec, StandardModelSpec)
    return spec


def test_the_folder_names_the_file_and_says_what_was_inferred(folder: Path) -> None:
    spec = spec_of(folder)
    assert spec.data.files == "fraud.csv"
    assert spec.data.uri == str(folder.parents[1] / "data")
    features = (folder / "features.py").read_text()
    assert "transaction id: an id" in features
    assert "'NA' counts as missing" in features
    assert "worth watching for drift" in (folder / "model.yaml").read_text().lower()


def test_rare_positives_are_judged_by_precision_and_recall_in_large_batches(folder: Path) -> None:
    spec = spec_of(folder)
    assert spec.evaluation.metrics["AUCPrecisionRecall"].minimum == 0.03
    assert "BinaryAccuracy" not in spec.evaluation.metrics
    assert spec.training.hyperparameters["batch_size"] == 256


def test_the_models_own_tests_pass(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout


def test_it_compiles(folder: Path, tmp_path: Path) -> None:
    assert compile_model(folder, tmp_path).digest


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipeline root of one short training."""
    root = tmp_path_factory.mktemp("trained")
    spec = spec_of(folder)
    training = spec.training.model_copy(update={"steps": STEPS})
    pipeline = create_pipeline(
        spec.model_copy(update={"training": training}), folder, pipeline_root=str(root)
    )
    pipeline.metadata_connection_config = connection_to(root)
    LocalDagRunner().run(pipeline)
    return root


def connection_to(root: Path) -> metadata_store_pb2.ConnectionConfig:
    return metadata.sqlite_metadata_connection_config(str(root / "metadata.db"))


def test_it_trains_is_blessed_and_pushed(trained: Path) -> None:
    with metadata.Metadata(connection_to(trained)) as handle:
        [evaluation] = handle.store.get_artifacts_by_type("ModelEvaluation")
        [check] = handle.store.get_artifacts_by_type("InfraBlessing")
    artifact: Artifact = standard_artifacts.ModelEvaluation()
    artifact.set_mlmd_artifact(evaluation)
    values = {m.name: m.value or 0 for m in metric_verdicts(artifact.uri) if not m.slice}
    assert values["AUCPrecisionRecall"] > 0.3
    assert json.loads((Path(check.uri) / "result.json").read_text())["blessed"]
    assert list((trained / "versions").iterdir())


def test_rows_as_requests_give_the_very_features_that_training_saw(
    folder: Path, trained: Path, tmp_path: Path
) -> None:
    [manifest] = read_versions(trained / "versions")
    inputs = manifest.signature_shapes["transform_columns"].inputs
    with importable_from([folder]):
        names = runpy.run_path(str(folder / "features.py"))
    columns = {plain: column for column, plain in names["PLAIN_NAMES"].items()}
    rows = csv_rows(folder.parents[1] / "data" / "fraud.csv", inputs, columns)
    model = trained / "versions" / str(manifest.version) / "model"
    served = served_features(model, "transform_columns", rows, tmp_path)
    assert_no_skew(served, trained_features(trained), names["LABEL_XF"])


def test_a_folder_that_is_there_is_left_alone(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    csv = folder.parents[1] / "data" / "fraud.csv"
    with pytest.raises(InputError, match="there is a model of this name already"):
        scaffold("fraud", csv, "fraud", folder.parent)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_a_refused_file_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    csv = folder.parents[1] / "data" / "other.csv"
    with pytest.raises(InputError, match="there is no column 'fraud'"):
        scaffold("other", csv, "fraud", tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="'Other' is no name of a model"):
        scaffold("Other", csv, "fraud", tmp_path)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (["a", "b", "c", "d"] * 50, "SparseCategoricalAccuracy"),
        (list(range(200)), "RootMeanSquaredError"),
    ],
)
def test_other_problems_have_metrics_and_code_of_their_own(
    tmp_path: Path, label: list[object], expected: str
) -> None:
    rng = np.random.default_rng(3)
    path = tmp_path / "data.csv"
    pd.DataFrame(
        {"x": rng.normal(size=200), "word": rng.choice(["u", "v"], 200), "y": label}
    ).to_csv(path, index=False)
    scaffold("model", path, "y", tmp_path)
    assert expected in spec_of(tmp_path / "model").evaluation.metrics
    for module in (tmp_path / "model").rglob("*.py"):
        compile(module.read_text(), str(module), "exec")


@pytest.mark.parametrize(
    ("name", "label", "told"),
    [("Churn", "a", "no name of a model"), ("churn", "c", "found a, b")],
)
def test_what_is_plainly_wrong_is_said_before_tfx_is_imported(
    name: str, label: str, told: str, tmp_path: Path
) -> None:
    csv = tmp_path / "data.csv"
    csv.write_text("a,b\n1,2\n")
    arguments = [name, "--csv", str(csv), "--label", label, "--dags", str(tmp_path)]
    # Python itself says what it imported.
    command = [sys.executable, "-X", "importtime", "-m", "tfx_scaffold", *arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert "tfx_scaffold.header" in done.stderr
    assert not [
        line for line in done.stderr.splitlines() if line.endswith(("| tensorflow", " tfx"))
    ]
