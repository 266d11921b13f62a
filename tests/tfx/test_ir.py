"""Values in the IR: typed, nested in JSON, or not there at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from tfx.dsl.compiler.compiler import Compiler
from tfx.proto.orchestration import pipeline_pb2

from tfx_contract.errors import InputError
from tfx_contract.model_spec import StandardModelSpec, load_model_spec
from tfx_contract.parameters import ParameterSpec
from tfx_runtime import ir
from tfx_runtime.training_pipeline import create_pipeline

TAXI = Path(__file__).parents[2] / "dags" / "chicago_taxi"


@pytest.fixture(scope="module")
def compiled() -> bytes:
    spec = load_model_spec(TAXI)
    assert isinstance(spec, StandardModelSpec)
    pipeline = create_pipeline(spec, TAXI)
    return bytes(Compiler().compile(pipeline).SerializeToString())


@pytest.fixture
def pipeline(compiled: bytes) -> pipeline_pb2.Pipeline:
    return pipeline_pb2.Pipeline.FromString(compiled)


def _spec(kind: str, place: str) -> dict[str, ParameterSpec]:
    return {"p": ParameterSpec.model_validate({"type": kind, "bind": place})}


@pytest.mark.parametrize(
    ("kind", "place", "value"),
    [
        ("int", "Trainer.train_args.num_steps", 7),
        ("float", "Trainer.custom_config.learning_rate", 0.5),
        ("str", "DataGate.data_uri", "/elsewhere"),
    ],
)
def test_what_is_bound_is_read_back(
    pipeline: pipeline_pb2.Pipeline, kind: str, place: str, value: object
) -> None:
    assert ir.read_place(pipeline, place) != value
    ir.bind(pipeline, _spec(kind, place), {"p": value})  # type: ignore[dict-item]
    assert ir.read_place(pipeline, place) == value


def test_a_whole_number_for_a_float_becomes_a_float(pipeline: pipeline_pb2.Pipeline) -> None:
    place = "Trainer.custom_config.learning_rate"
    ir.bind(pipeline, _spec("float", place), {"p": 1})
    assert isinstance(ir.read_place(pipeline, place), float)


def test_an_unknown_parameter_is_refused_with_those_allowed(
    pipeline: pipeline_pb2.Pipeline,
) -> None:
    with pytest.raises(InputError, match="'q': unknown; allowed: p"):
        ir.bind(pipeline, _spec("int", "Trainer.train_args.num_steps"), {"q": 1})


def test_a_value_of_another_type_is_refused(pipeline: pipeline_pb2.Pipeline) -> None:
    with pytest.raises(InputError, match="'many' is not of type int"):
        ir.bind(pipeline, _spec("int", "Trainer.train_args.num_steps"), {"p": "many"})


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("Trianer.x", "Node 'Trianer': not in this pipeline; it has .*Trainer"),
        ("Trainer.steps", "no parameter 'steps'; it has .*train_args"),
        ("Trainer.train_args.steps", "no key 'steps'; there is num_steps"),
        ("DataGate.format.kind", "not a JSON object"),
    ],
)
def test_a_place_that_is_not_there_is_explained(
    pipeline: pipeline_pb2.Pipeline, place: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        ir.read_place(pipeline, place)


def test_what_is_saved_is_loaded_and_saved_the_same(
    pipeline: pipeline_pb2.Pipeline, tmp_path: Path
) -> None:
    ir.save(pipeline, tmp_path, "train")
    first = (tmp_path / "train.ir.json").read_bytes()
    ir.save(ir.load(tmp_path, "train"), tmp_path, "train")
    assert (tmp_path / "train.ir.json").read_bytes() == first
