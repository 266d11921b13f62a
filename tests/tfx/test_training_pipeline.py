"""The training pipeline as TFX compiles it, and the mistakes of a model folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tfx.dsl.compiler.compiler import Compiler
from tfx.proto.orchestration import pipeline_pb2

from tfx_contract.errors import CompileError
from tfx_contract.model_spec import StandardModelSpec, load_model_spec
from tfx_contract.training_spec import Threshold
from tfx_runtime.resolvers import looks_outside_of_mlmd, may_find_nothing
from tfx_runtime.training_pipeline import create_pipeline

TAXI = Path(__file__).parents[2] / "dags" / "chicago_taxi"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the taxi model that a test may damage."""
    return Path(shutil.copytree(TAXI, tmp_path / "chicago_taxi"))


@pytest.fixture
def spec() -> StandardModelSpec:
    spec = load_model_spec(TAXI)
    assert isinstance(spec, StandardModelSpec)
    return spec


@pytest.fixture
def nodes(spec: StandardModelSpec) -> dict[str, pipeline_pb2.PipelineNode]:
    return _compiled(spec, TAXI)


def _compiled(spec: StandardModelSpec, folder: Path) -> dict[str, pipeline_pb2.PipelineNode]:
    proto = Compiler().compile(
        create_pipeline(spec, folder, package_file=lambda p: f"files/{p.name}")
    )
    return {node.pipeline_node.node_info.id: node.pipeline_node for node in proto.nodes}


def test_node_ids_are_stable(nodes: dict[str, pipeline_pb2.PipelineNode]) -> None:
    assert set(nodes) == {
        "AnomalyGate",
        "Baseline",
        "ExampleGen",
        "CuratedSchema",
        "DataGate",
        "Evaluator",
        "ExampleValidator",
        "GainCheck",
        "ModelCheck",
        "Pusher",
        "SchemaGen",
        "ServingReference",
        "StatisticsGen",
        "Trainer",
        "Transform",
    }


def test_no_data_is_read_before_the_gate_and_nothing_is_trained_on_anomalies(
    nodes: dict[str, pipeline_pb2.PipelineNode],
) -> None:
    assert "DataGate" in nodes["ExampleGen"].upstream_nodes
    assert "AnomalyGate" in nodes["Trainer"].upstream_nodes
    assert "CuratedSchema" in nodes["ExampleValidator"].upstream_nodes
    assert "SchemaGen" not in nodes["ExampleValidator"].upstream_nodes
    assert {"Evaluator", "ModelCheck"} <= set(nodes["Pusher"].upstream_nodes)


def test_the_ir_is_the_same_on_every_machine_but_for_modules(
    spec: StandardModelSpec, folder: Path
) -> None:
    def text(nodes: dict[str, pipeline_pb2.PipelineNode], place: Path) -> str:
        return "".join(map(str, nodes.values())).replace(str(place), "")

    here = text(_compiled(spec, TAXI), TAXI)
    assert here == text(_compiled(spec, folder), folder)
    assert "package://tfx/" in here
    assert "files/schema.pbtxt" in here


def test_every_run_asks_anew_which_model_is_live_and_fails_when_that_fails(
    spec: StandardModelSpec,
) -> None:
    pipeline = Compiler().compile(create_pipeline(spec, TAXI, package_file=lambda p: p.name))
    names = [node.pipeline_node.node_info.id for node in pipeline.nodes]
    assert [name for name in names if looks_outside_of_mlmd(pipeline, name)] == ["Baseline"]
    assert not may_find_nothing(pipeline, "Baseline")


def test_a_model_that_is_not_to_be_pushed_has_no_pusher(spec: StandardModelSpec) -> None:
    held_back = spec.model_copy(update={"push": spec.push.model_copy(update={"enabled": False})})
    assert "Pusher" not in _compiled(held_back, TAXI)


def test_a_missing_schema_is_refused_with_the_command_that_makes_one(
    spec: StandardModelSpec, folder: Path
) -> None:
    (folder / "schema.pbtxt").unlink()
    with pytest.raises(CompileError, match="tfx-airflow schema chicago_taxi --write"):
        create_pipeline(spec, folder)


def test_a_missing_trainer_is_refused(spec: StandardModelSpec, folder: Path) -> None:
    (folder / "trainer.py").unlink()
    with pytest.raises(CompileError, match=r"trainer\.py: there is no such file.*run_fn"):
        create_pipeline(spec, folder)


@pytest.mark.parametrize("name", ["expectations.json", "golden_requests.json"])
def test_a_broken_json_file_is_refused_with_its_line(
    name: str, spec: StandardModelSpec, folder: Path
) -> None:
    (folder / name).write_text("[\n  {,\n]")
    with pytest.raises(CompileError, match=f"chicago_taxi/{name}, line 2: not valid JSON"):
        create_pipeline(spec, folder)


def test_an_unknown_metric_is_refused_with_the_nearest_name(spec: StandardModelSpec) -> None:
    evaluation = spec.evaluation.model_copy(update={"metrics": {"BinaryAcuracy": Threshold()}})
    with pytest.raises(CompileError, match=r"'BinaryAcuracy'\. Did you mean 'BinaryAccuracy'"):
        create_pipeline(spec.model_copy(update={"evaluation": evaluation}), TAXI)
