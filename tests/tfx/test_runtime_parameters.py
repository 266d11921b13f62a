"""RuntimeParameters of a pipeline that was written for TFX become parameters of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tfx.foreign import Model
from tests.tfx.harness import WorkerProcess
from tfx_contract.errors import CompileError
from tfx_contract.parameters import ParameterSpec, ParameterType
from tfx_runtime import ir

PRELUDE = """
from pathlib import Path

from tfx import v1 as tfx
from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types.standard_artifacts import Examples


@component
def Note(
    noted: OutputArtifact[Examples],
    number: Parameter[int] = 1,
    rate: Parameter[float] = 0.5,
    text: Parameter[str] = "",
):
    Path(noted.uri, "noted.txt").write_text(f"{number} {rate} {text}")


def trainer(**arguments):
    (Path(__file__).parent / "trainer.py").touch()
    examples = tfx.dsl.Channel(type=Examples)
    given = {"module_file": "trainer.py", "train_args": {"num_steps": 1}, "eval_args": {}}
    return tfx.components.Trainer(examples=examples, **given | arguments)


def create_pipeline():
    return tfx.dsl.Pipeline("theirs", "unused", components=[NODE])
"""


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return Model(tmp_path)


def _parameters(model: Model, node: str) -> dict[str, ParameterSpec]:
    model.write("pipeline.py", PRELUDE.replace("NODE", node))
    return model.compile().parameters


def _noted(model: Model, worker: WorkerProcess, **parameters: object) -> str:
    [noted] = model.run(worker, parameters=parameters)["Note"].outputs["noted"]
    return Path(noted.uri, "noted.txt").read_text()


def _read(model: Model, place: str, **parameters: object) -> object:
    """What a place holds in a run with these parameters."""
    pipeline = ir.load(model.package, "train")
    ir.bind(pipeline, model.pipeline.parameters, parameters)  # type: ignore[arg-type]
    return ir.read_place(pipeline, place)


def test_every_type_of_an_argument_reaches_the_node(model: Model, worker: WorkerProcess) -> None:
    parameters = _parameters(
        model,
        "Note(number=RuntimeParameter('number', int, 3, 'How many.'),"
        " rate=RuntimeParameter('rate', float, 0.0), text=RuntimeParameter('text', str))",
    )
    assert parameters == {
        "number": ParameterSpec(
            type=ParameterType.INT, bind=["Note.number"], default=3, description="How many."
        ),
        # TFX's IR forgets a default that is false.
        "rate": ParameterSpec(type=ParameterType.FLOAT, bind=["Note.rate"], default=0.0),
        "text": ParameterSpec(type=ParameterType.STR, bind=["Note.text"]),
    }
    assert _noted(model, worker, text="given", number=5) == "5 0.0 given"


def test_a_run_must_give_what_has_no_default(model: Model, worker: WorkerProcess) -> None:
    _parameters(model, "Note(text=RuntimeParameter('text', str))")
    failure = worker.run(model.request("Note")).failure
    assert failure is not None
    assert "Parameter 'text': it has no default, so a run must give it" in failure.message
    assert not failure.retryable


def test_one_inside_of_a_mapping_is_bound_to_its_key(model: Model) -> None:
    parameters = _parameters(
        model,
        "trainer(train_args={'num_steps': RuntimeParameter('steps', int, 7)},"
        " custom_config={'layers': [{'units': RuntimeParameter('units', int)}],"
        " 'rate': RuntimeParameter('rate', float, 0.0)})",
    )
    assert {name: (p.bind, p.default) for name, p in parameters.items()} == {
        "steps": (["Trainer.train_args.num_steps"], 7),
        "units": (["Trainer.custom_config.layers.0.units"], None),
        "rate": (["Trainer.custom_config.rate"], 0.0),
    }
    config = json.loads(str(_read(model, "Trainer.custom_config", units=8, rate=0.1, steps=9)))
    assert config == {"layers": [{"units": 8}], "rate": 0.1}
    assert json.loads(str(_read(model, "Trainer.train_args", units=8))) == {"num_steps": 7}


def test_one_for_a_whole_message_is_its_json(model: Model) -> None:
    parameters = _parameters(
        model, "trainer(train_args=RuntimeParameter('train_args', str, '{\"num_steps\": 5}'))"
    )
    assert parameters["train_args"].default == '{"num_steps": 5}'
    assert _read(model, "Trainer.train_args", train_args='{"num_steps": 6}') == '{"num_steps": 6}'


def test_one_parameter_may_stand_in_several_places(model: Model, worker: WorkerProcess) -> None:
    many = "RuntimeParameter('many', int, 2)"
    shared = f"Note(number={many}), Note(number={many}).with_id('Second')"
    assert _parameters(model, shared)["many"].bind == ["Note.number", "Second.number"]
    assert _noted(model, worker, many=4).startswith("4")


@pytest.mark.parametrize(
    "node",
    [
        "tfx.components.CsvExampleGen(input_base=RuntimeParameter('where', str, 'data'))",
        # An Importer takes one without a type.
        "tfx.dsl.Importer(RuntimeParameter('where', default='data'), Examples).with_id('rows')",
    ],
)
def test_a_path_by_default_starts_in_the_models_folder(node: str, model: Model) -> None:
    model.write("data/rows.csv", "a\n1\n")
    where = _parameters(model, node)["where"]
    assert (where.type, where.default) == (ParameterType.STR, str(model.folder / "data"))


def test_model_yaml_adds_to_a_parameter_of_the_pipeline(model: Model) -> None:
    more = {"type": "int", "minimum": 1, "default": 5, "description": "How many rows."}
    model.say(schedule="@daily", parameters={"number": more})
    parameters = _parameters(model, "Note(number=RuntimeParameter('number', int))")
    assert parameters["number"] == ParameterSpec.model_validate({**more, "bind": "Note.number"})


def test_a_schedule_needs_a_default(model: Model) -> None:
    model.say(schedule="@daily")
    with pytest.raises(CompileError, match=r"parameters\.text: it has no default.*@daily.*add"):
        _parameters(model, "Note(text=RuntimeParameter('text', str))")


def test_what_is_declared_again_keeps_its_type(model: Model) -> None:
    model.say(parameters={"number": {"type": "str"}})
    with pytest.raises(CompileError, match=r"type 'str', but .* type 'int'; allowed: int, choice"):
        _parameters(model, "Note(number=RuntimeParameter('number', int, 1))")


def test_a_new_parameter_without_a_place_is_refused(model: Model) -> None:
    model.say(parameters={"nmuber": {"type": "int"}})
    with pytest.raises(CompileError, match=r"parameters\.nmuber: 'bind' is missing"):
        _parameters(model, "Note(number=RuntimeParameter('number', int, 1))")


REFUSED = {
    "part of a text": (
        "Note(text='gs://bucket/' + str(RuntimeParameter('name', str, 'x')))",
        r"'Note\.text': a RuntimeParameter is part of a longer text",
    ),
    "part of a text in a mapping": (
        "trainer(custom_config={'path': '/data/' + str(RuntimeParameter('name', str))})",
        r"'Trainer\.custom_config\.path': a RuntimeParameter is part of a longer text",
    ),
    "code": (
        "trainer(module_file=RuntimeParameter('code', str, 'trainer.py'))",
        r"'code' at 'Trainer\.module_file': the code of a run is part of its compiled pipeline",
    ),
    "a name of ours": (
        "Note(text=RuntimeParameter('push', str, 'x'))",
        "'push' at 'Note.text': every DAG has a parameter of this name; rename it",
    ),
    "two of one name": (
        "Note(number=RuntimeParameter('n', int, 1)),"
        " Note(number=RuntimeParameter('n', int, 2)).with_id('Second')",
        "'n': found with default .*parameters of one name are one parameter",
    ),
    "settings of a resolver": (
        "tfx.dsl.Resolver(strategy_class=tfx.dsl.experimental.LatestArtifactStrategy,"
        " config={'desired_num_of_artifacts': RuntimeParameter('n', int, 1)},"
        " rows=tfx.dsl.Channel(type=Examples)).with_id('Latest')",
        "Node 'Latest': a RuntimeParameter stands in its '.*allowed: in a component's arguments",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_one_that_no_run_could_set_is_refused(what: str, model: Model) -> None:
    node, message = REFUSED[what]
    with pytest.raises(CompileError, match=message):
        _parameters(model, node)
