"""The diabetes model: a regression on TFRecord files that arrive day by day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.tfx.harness import WorkerProcess
from tests.tfx.model_runs import ModelRuns, failed
from tfx_contract.manifest import VersionManifest
from tfx_contract.model_spec import StandardModelSpec, load_model_spec
from tfx_runtime.predict import predict

PATIENTS = 442


@pytest.fixture(scope="module")
def diabetes(worker: WorkerProcess, tmp_path_factory: pytest.TempPathFactory) -> ModelRuns:
    model = ModelRuns("diabetes", tmp_path_factory.mktemp("diabetes"), worker)
    assert failed(model.run("today", span=_span_of_today(model))) == {}
    return model


@pytest.fixture
def manifest(diabetes: ModelRuns) -> VersionManifest:
    [found] = diabetes.versions()
    return found


def _span_of_today(model: ModelRuns) -> int:
    spec = load_model_spec(model.folder)
    assert isinstance(spec, StandardModelSpec)
    return spec.spans.of_run(datetime.now(UTC), spec.data.files)


def test_whoever_runs_it_today_gets_a_version_that_predicts_better_than_the_mean(
    manifest: VersionManifest,
) -> None:
    overall = {metric.name: metric for metric in manifest.metrics if not metric.slice}
    assert overall["MeanSquaredError"].passed
    assert (overall["MeanSquaredError"].value or 1e9) < 4000
    assert (overall["SquaredPearsonCorrelation"].value or 0) > 0.4


def test_a_week_of_spans_holds_every_patient_once(
    diabetes: ModelRuns, manifest: VersionManifest
) -> None:
    [data] = manifest.data
    assert data.span == _span_of_today(diabetes)
    assert _rows_checked(diabetes) == PATIENTS


def _rows_checked(diabetes: ModelRuns) -> int:
    again = diabetes.run_node("DataGate", "today", span=_span_of_today(diabetes))
    return int(again.summary["rows"])


def test_metrics_come_by_one_column_and_by_two(manifest: VersionManifest) -> None:
    slices = {metric.slice for metric in manifest.metrics}
    assert {"sex:1", "sex:2"} <= slices
    assert any(name.startswith("age_decade:") and ",sex:" in name for name in slices)


def test_rows_of_tfrecord_data_are_predicted_for_the_demo(
    diabetes: ModelRuns, manifest: VersionManifest
) -> None:
    [row, *_] = predict(diabetes.home / "models" / "diabetes" / str(manifest.version), 3)
    assert set(row.columns) == {"age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"}
    assert 0 < row.outputs["progression"] < 500
    assert 0 < row.label["progression_xf"] < 500


def test_a_day_without_data_is_named(diabetes: ModelRuns) -> None:
    result = diabetes.run_node("DataGate", "far-future", span=100000)
    assert result.failure is not None
    assert "day-{SPAN}/patients.tfrecord" in result.failure.message
