"""The wine model: prepared Parquet files, three classes, hyperparameters that are looked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sklearn.datasets import load_wine

from tests.tfx.harness import WorkerProcess
from tests.tfx.model_runs import ModelRuns, failed
from tfx_components.score_writer.record import ScoredRows
from tfx_contract.compiled import SCORE
from tfx_contract.node import NodeResult, NodeState
from tfx_runtime.predict import predict, table

Results = dict[str, NodeResult]


@pytest.fixture(scope="module")
def wine(worker: WorkerProcess, tmp_path_factory: pytest.TempPathFactory) -> ModelRuns:
    model = ModelRuns("wine", tmp_path_factory.mktemp("wine"), worker)
    # Nothing that the Tuner could find.
    model.edit("model.yaml", "hidden: 16", "hidden: 12")
    model.compile()
    return model


@pytest.fixture(scope="module")
def untuned(wine: ModelRuns) -> Results:
    return wine.run("monday")


@pytest.fixture(scope="module")
def scored(wine: ModelRuns, untuned: Results) -> Results:
    return wine.run("monday", SCORE)


@pytest.fixture(scope="module")
def tuned(wine: ModelRuns, scored: Results) -> Results:
    return wine.run("tuesday", tune=True)


@pytest.fixture(scope="module")
def not_tuned_again(wine: ModelRuns, tuned: Results) -> Results:
    return wine.run("wednesday")


def test_the_first_run_pushes_a_version_that_tells_cultivars_apart(
    wine: ModelRuns, untuned: Results
) -> None:
    assert failed(untuned) == {}
    assert untuned["Pusher"].summary["pushed"]
    manifest = wine.versions()[-1]
    overall = {metric.name: metric for metric in manifest.metrics}
    assert (overall["SparseCategoricalAccuracy"].value or 0) > 0.9
    assert overall["SparseCategoricalCrossentropy"].passed


def test_without_any_tuning_the_hyperparameters_are_those_of_model_yaml(
    wine: ModelRuns, untuned: Results
) -> None:
    assert untuned["BestHyperparameters"].outputs == {}
    given = wine.versions()[-1].hyperparameters
    assert given["hidden"] == 12


def test_a_run_that_is_asked_to_tune_trains_with_what_the_tuner_found(
    wine: ModelRuns, tuned: Results
) -> None:
    assert failed(tuned) == {}
    assert len(tuned["Tuner"].summary["trials"]) == 4
    best = tuned["Tuner"].summary["best_hyperparameters"]
    manifest = wine.versions()[0]
    assert manifest.version == tuned["Pusher"].execution_id
    assert best.items() <= manifest.hyperparameters.items()
    assert manifest.hyperparameters["hidden"] != 12
    assert manifest.hyperparameters["seed"] == 17


def test_data_that_is_prepared_again_and_has_not_changed_is_neither_checked_nor_read_again(
    tuned: Results,
) -> None:
    assert tuned["DataPreparation"].state is NodeState.COMPLETE
    assert tuned["DataGate"].state is NodeState.CACHED
    assert tuned["ExampleGen"].state is NodeState.CACHED


def test_the_runs_after_it_take_over_what_was_found(
    tuned: Results, not_tuned_again: Results
) -> None:
    found = tuned["Tuner"].outputs["best_hyperparameters"]
    assert not_tuned_again["BestHyperparameters"].outputs["hyperparameters"] == found
    assert not_tuned_again["Trainer"].state is NodeState.CACHED
    assert not not_tuned_again["Pusher"].summary["pushed"]


def test_new_bottles_without_a_label_are_scored_and_traced_to_the_version(
    wine: ModelRuns, scored: Results
) -> None:
    assert failed(scored) == {}
    record, rows = _read(wine, "monday")
    manifest = wine.versions()[-1]
    assert (record.version, record.model) == (manifest.version, "wine")
    assert record.model_fingerprint == manifest.model_fingerprint
    assert record.run.run_id == "monday"
    assert record.pipeline_digest == wine.compiled.digest
    assert record.data.uri == str(wine.home / "data" / "wine")
    assert record.data.fingerprint
    assert record.rows == len(rows) == 18
    assert [row["columns"]["bottle"] % 10 for row in rows] == [0] * 18
    assert "cultivar" not in rows[0]["columns"]


def test_the_scores_are_mostly_right(wine: ModelRuns, scored: Results) -> None:
    truth = load_wine().target
    _, rows = _read(wine, "monday")
    right = [truth[row["columns"]["bottle"]] == row["outputs"]["cultivar"] for row in rows]
    assert sum(right) >= 16
    assert sum(rows[0]["outputs"]["probabilities"]) == pytest.approx(1, abs=1e-4)


def test_a_newer_version_scores_the_next_run_and_leaves_the_scores_of_the_last(
    wine: ModelRuns, tuned: Results
) -> None:
    before = (wine.home / "scored" / "wine" / "monday" / "scored.json").read_text()
    results = wine.run("tuesday", SCORE)
    assert results["ExampleGen"].state is NodeState.CACHED
    record, _ = _read(wine, "tuesday")
    assert record.version == wine.versions()[0].version
    assert results["ScoreWriter"].summary["version"] == record.version
    assert (wine.home / "scored" / "wine" / "monday" / "scored.json").read_text() == before


def test_a_run_in_which_nothing_is_new_has_its_scores_all_the_same(
    wine: ModelRuns, tuned: Results
) -> None:
    wine.run("wednesday", SCORE)
    results = wine.run("thursday", SCORE)
    assert results["BulkInferrer"].state is NodeState.CACHED
    assert results["ScoreWriter"].state is NodeState.COMPLETE
    assert _read(wine, "thursday")[1] == _read(wine, "wednesday")[1]


def test_rows_of_parquet_data_are_predicted_for_the_demo(wine: ModelRuns, untuned: Results) -> None:
    version = wine.home / "models" / "wine" / str(wine.versions()[-1].version)
    rows = predict(version, 5)
    assert len(rows) == 5
    assert {row.label["cultivar_xf"] for row in rows} <= {0, 1, 2}
    assert "alcohol" in rows[0].columns
    assert "probabilities" in table(rows)


def _read(wine: ModelRuns, run_id: str) -> tuple[ScoredRows, list[dict[str, dict[str, object]]]]:
    folder: Path = wine.home / "scored" / "wine" / run_id
    lines = (folder / "rows.jsonl").read_text().splitlines()
    return ScoredRows.read(folder / "scored.json"), [json.loads(line) for line in lines]
