"""Where the Trainer's hyperparameters come from, as TFX compiles it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tfx.dsl.compiler.compiler import Compiler
from tfx.proto.orchestration import pipeline_pb2
from tfx.types import standard_artifacts

from tfx_components.newest_if_any import NewestIfAny
from tfx_components.tuned import tuned_values
from tfx_contract.compiled import NodeRecord, Waits
from tfx_contract.model_spec import StandardModelSpec, load_model_spec
from tfx_contract.parameters import RunOption
from tfx_contract.training_spec import TuneWhen
from tfx_runtime.node_records import node_records
from tfx_runtime.training_pipeline import create_pipeline

WINE = Path(__file__).parents[2] / "dags" / "wine"


@pytest.fixture
def spec() -> StandardModelSpec:
    spec = load_model_spec(WINE)
    assert isinstance(spec, StandardModelSpec)
    return spec


def _when(spec: StandardModelSpec, when: TuneWhen) -> StandardModelSpec:
    assert spec.tuning
    return spec.model_copy(update={"tuning": spec.tuning.model_copy(update={"when": when})})


def _ir(spec: StandardModelSpec) -> pipeline_pb2.Pipeline:
    return Compiler().compile(create_pipeline(spec, WINE))


def _records(spec: StandardModelSpec) -> dict[str, NodeRecord]:
    return {record.id: record for record in node_records(_ir(spec), spec)}


def test_a_tuner_that_is_asked_runs_only_then_and_the_trainer_takes_the_newest_result(
    spec: StandardModelSpec,
) -> None:
    nodes = _records(_when(spec, TuneWhen.ASKED))
    assert nodes["Tuner"].runs_if is RunOption.TUNE
    assert nodes["BestHyperparameters"].waits_for is Waits.NO_FAILURE
    assert "BestHyperparameters" in nodes["Trainer"].upstream
    assert "Tuner" not in nodes["Trainer"].upstream


def test_a_tuner_of_every_run_hands_its_result_to_the_trainer(spec: StandardModelSpec) -> None:
    nodes = _records(_when(spec, TuneWhen.ALWAYS))
    assert nodes["Tuner"].runs_if is None
    assert "Tuner" in nodes["Trainer"].upstream
    assert "BestHyperparameters" not in nodes


def test_nothing_is_tuned_on_anomalies(spec: StandardModelSpec) -> None:
    assert "AnomalyGate" in _records(spec)["Tuner"].upstream


def test_a_model_that_is_not_tuned_has_no_such_nodes(spec: StandardModelSpec) -> None:
    nodes = _records(spec.model_copy(update={"tuning": None}))
    assert not {"Tuner", "BestHyperparameters"} & set(nodes)


def test_the_tuner_has_its_own_steps_and_the_hyperparameters_of_the_model(
    spec: StandardModelSpec,
) -> None:
    parameters = _records(spec)["Tuner"].parameters
    assert spec.tuning
    assert f'"num_steps": {spec.tuning.steps}' in str(parameters["train_args"])
    assert '"hidden": 16' in str(parameters["custom_config"])


def test_the_newest_of_several_results_is_taken_and_none_is_none() -> None:
    results = [standard_artifacts.HyperParameters() for _ in range(3)]
    for number, artifact in zip((4, 9, 7), results, strict=True):
        artifact.id = number
    strategy = NewestIfAny()
    assert strategy.resolve_artifacts(None, {"found": results}) == {"found": [results[1]]}
    assert strategy.resolve_artifacts(None, {"found": []}) == {"found": []}


def test_what_keras_tuner_wrote_is_read(tmp_path: Path) -> None:
    text = '{"space": [{"class_name": "Choice"}], "values": {"hidden": 8}}'
    (tmp_path / "best_hyperparameters.txt").write_text(text)
    assert tuned_values(str(tmp_path)) == {"hidden": 8}
