"""A pipeline of a team's own: how it is found and called, its files, and what its mistakes say."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.tfx.foreign import Model, states
from tests.tfx.harness import WorkerProcess
from tfx_contract.compiled import load_package
from tfx_contract.errors import CompileError
from tfx_runtime import ir
from tfx_runtime.node import pipeline_of_run

START = "from tfx import v1 as tfx\n\n\n"
PIPELINE = "tfx.dsl.Pipeline('theirs', 'unused', components=[{}])"


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return Model(tmp_path)


def _write(model: Model, nodes: str, arguments: str = "", before: str = "") -> None:
    returned = PIPELINE.format(nodes)
    text = f"{START}{before}\n\ndef create_pipeline({arguments}):\n    return {returned}\n"
    model.write("pipeline.py", text)


def _value(model: Model, place: str) -> object:
    model.compile()
    return ir.read_place(ir.load(model.package, "train"), place)


# Calling it


def test_what_every_pipeline_asks_for_is_filled_in(model: Model) -> None:
    arguments = "pipeline_name, pipeline_root, metadata_path, beam_pipeline_args, data='/data'"
    node = "tfx.components.CsvExampleGen(input_base=f'{pipeline_root}/{pipeline_name}{data}')"
    _write(model, node, arguments)
    assert _value(model, "CsvExampleGen.input_base") == "home://pipelines/foreign/foreign/data"
    model.say(pipeline={"arguments": {"data": "/more", "pipeline_name": "other"}})
    assert _value(model, "CsvExampleGen.input_base") == "home://pipelines/foreign/other/more"


def test_an_adapter_needs_one_line(model: Model) -> None:
    model.write("theirs/__init__.py", "")
    node = "tfx.components.CsvExampleGen(input_base='/data')"
    text = f"{START}def build():\n    return {PIPELINE.format(node)}\n"
    model.write("theirs/code.py", text)
    model.write("pipeline.py", "from theirs.code import build as create_pipeline\n")
    assert [n.id for n in model.compile().nodes] == ["CsvExampleGen"]
    (model.folder / "pipeline.py").unlink()
    model.say(pipeline={"function": "theirs.code:build"})
    assert [n.id for n in model.compile().nodes] == ["CsvExampleGen"]


RUNNERS = {
    "LocalDagRunner": "from tfx.orchestration.local.local_dag_runner import LocalDagRunner as R\n",
    "AirflowDagRunner": "from tfx.orchestration.airflow.airflow_dag_runner import (\n"
    "    AirflowDagRunner, AirflowPipelineConfig)\n"
    "R = lambda: AirflowDagRunner(AirflowPipelineConfig({'schedule_interval': None}))\n",
}


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_runner_that_is_called_on_import_runs_nothing(runner: str, model: Model) -> None:
    _write(model, "tfx.components.CsvExampleGen(input_base='/nowhere')", before=RUNNERS[runner])
    with (model.folder / "pipeline.py").open("a") as pipeline:
        pipeline.write("\nDAG = R().run(create_pipeline())\n")
    assert [n.id for n in model.compile().nodes] == ["CsvExampleGen"]


def test_flags_of_absl_have_their_defaults(model: Model) -> None:
    flags = "from absl import flags\nflags.DEFINE_string('where', '/here', 'Where.')\n"
    _write(model, "tfx.components.CsvExampleGen(input_base=flags.FLAGS.where)", before=flags)
    assert _value(model, "CsvExampleGen.input_base") == "/here"
    assert _value(model, "CsvExampleGen.input_base") == "/here"


def test_a_script_has_been_given_no_arguments(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["compile", "--compiled", "/somewhere"])
    before = "import argparse\nparser = argparse.ArgumentParser()\n"
    before += "parser.add_argument('--where', default='/here')\nGIVEN = parser.parse_args()\n"
    _write(model, "tfx.components.CsvExampleGen(input_base=GIVEN.where)", before=before)
    assert _value(model, "CsvExampleGen.input_base") == "/here"


# Its files


def test_a_file_travels_and_its_content_is_in_its_name(model: Model) -> None:
    model.write("schema/schema.pbtxt", "feature { name: 'a' }")
    _write(model, "tfx.components.ImportSchemaGen(schema_file='schema/schema.pbtxt')")
    first = str(_value(model, "ImportSchemaGen.schema_file"))
    assert (model.package / first).read_text() == "feature { name: 'a' }"
    model.write("schema/schema.pbtxt", "feature { name: 'b' }")
    assert _value(model, "ImportSchemaGen.schema_file") != first


def test_a_relative_path_is_one_of_the_models_folder(model: Model) -> None:
    model.write("data/rows.csv", "a\n1\n")
    _write(model, "tfx.components.CsvExampleGen(input_base='data')")
    assert _value(model, "CsvExampleGen.input_base") == str(model.folder / "data")


@pytest.mark.parametrize("exists", [True, False])
def test_a_pusher_writes_into_the_models_folder_only_where_it_did_before(
    exists: bool, model: Model
) -> None:
    if exists:
        (model.folder / "serving").mkdir()
    _write(
        model,
        "tfx.components.Pusher(model=tfx.dsl.Channel(type=tfx.types.standard_artifacts.Model),"
        " push_destination={'filesystem': {'base_directory': 'serving'}})",
    )
    found = _value(model, "Pusher.push_destination.filesystem.base_directory")
    here = str(model.folder / "serving")
    assert found == (here if exists else "home://pipelines/foreign/serving")


def test_a_text_that_is_no_path_stays_as_it_is(model: Model) -> None:
    model.write("trainer.py", "")
    node = (
        "tfx.components.Trainer(module_file='trainer.py', train_args={}, eval_args={},"
        " examples=tfx.dsl.Channel(type=tfx.types.standard_artifacts.Examples),"
        " custom_config={'note': 'data', 'data_dir': 'data'})"
    )
    model.write("data/rows.csv", "a\n1\n")
    _write(model, node)
    config = json.loads(str(_value(model, "Trainer.custom_config")))
    assert config == {"note": "data", "data_dir": str(model.folder / "data")}


# Code


MODULES = "tfx.components.Transform(preprocessing_fn='models.features.scale', **CHANNELS)"
CHANNELS = (
    "CHANNELS = {'examples': tfx.dsl.Channel(type=tfx.types.standard_artifacts.Examples),"
    " 'schema': tfx.dsl.Channel(type=tfx.types.standard_artifacts.Schema)}"
)


@pytest.mark.parametrize("has_init", [True, False])
def test_of_a_package_only_what_a_function_imports_decides_over_its_node(
    has_init: bool, model: Model
) -> None:
    model.write("models/features.py", "from . import names\nfrom .deep.more import x\n")
    model.write("models/names.py", "")
    model.write("models/deep/more.py", "x = 1\n")
    model.write("models/trainer.py", "")
    for name in ("models/__init__.py", "models/deep/__init__.py") if has_init else ():
        model.write(name, "")
    _write(model, MODULES, before=CHANNELS)
    digests = [_value(model, "Transform.module_digest")]
    taken = {p.relative_to(model.package / "modules").as_posix() for p in _code(model)}
    assert taken >= {"models/features.py", "models/names.py", "models/deep/more.py"}
    for name in ("trainer", "names", "deep/more"):
        model.write(f"models/{name}.py", "y = 2\n")
        digests.append(_value(model, "Transform.module_digest"))
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def _code(model: Model) -> list[Path]:
    return list((model.package / "modules").rglob("*.py"))


def test_who_imports_by_name_takes_the_whole_package_along(model: Model) -> None:
    model.write("models/__init__.py", "")
    model.write("models/features.py", "import importlib\n")
    model.write("models/late.py", "")
    _write(model, MODULES, before=CHANNELS)
    model.compile()
    assert {p.name for p in _code(model)} == {"__init__.py", "features.py", "late.py"}


def test_two_modules_of_one_name_are_refused(model: Model) -> None:
    model.write("a/theirs.py", "A = 1\n")
    model.write("b/theirs.py", "B = 1\n")
    transform = "tfx.components.Transform(module_file='{}/theirs.py', **CHANNELS).with_id('{}')"
    nodes = ", ".join(transform.format(name, name) for name in "ab")
    _write(model, nodes, before=CHANNELS)
    with pytest.raises(CompileError, match=r"Two modules are named 'theirs\.py': .*rename one"):
        model.compile()


# Mistakes

MISTAKES = {
    "no function": ("def creat_pipeline(): pass", r"no function 'create_pipeline'; it has creat_"),
    "no module": (None, r"pipeline\.py: there is no such file.*pipeline\.function"),
    "another module": (
        None,
        r"importing 'nowhere', .*pipeline\.function.* No module named 'nowhere'",
    ),
    "a missing import": (
        "import no_such_thing",
        r"ModuleNotFoundError: No module named 'no_such_thing' \(pipeline\.py, line 1\)",
    ),
    "a syntax error": ("x = 1\ndef :\n", r"SyntaxError: .*pipeline\.py, line 2: invalid syntax"),
    "an exception": (
        "def create_pipeline():\n    raise KeyError('DATA')",
        r"create_pipeline\(\) raised KeyError: 'DATA' \(pipeline\.py, line 2\)",
    ),
    "an exit": ("import sys\nsys.exit('bye')", r"SystemExit: bye \(pipeline\.py, line 2\)"),
    "arguments": (
        "def create_pipeline(data_root, module_file, steps=1): pass",
        r"pipeline\.arguments: pipeline:create_pipeline needs data_root, module_file",
    ),
    "nothing returned": ("def create_pipeline(): pass", "returned None; .*Does it lack a 'return'"),
    "a list": ("def create_pipeline(): return [1, 2]", "returned a list of 2; .*A model is one"),
    "another thing": ("def create_pipeline(): return 'x'", "returned an object of type str; exp"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_says_where_it_is(what: str, model: Model) -> None:
    text, message = MISTAKES[what]
    model.say(pipeline={"function": "nowhere:build"} if what == "another module" else {})
    if text is not None:
        model.write("pipeline.py", text)
    with pytest.raises(CompileError, match=message):
        model.compile()


def test_an_argument_that_does_not_exist_is_refused_with_the_nearest(model: Model) -> None:
    _write(model, "", "data_root")
    model.say(pipeline={"arguments": {"data_rot": "/data"}})
    with pytest.raises(CompileError, match=r"arguments\.data_rot: .*Did you mean 'data_root'\?"):
        model.compile()


def test_a_pipeline_runs_under_the_models_name_below_the_root_of_the_run(
    model: Model, worker: WorkerProcess
) -> None:
    model.write("data/rows.csv", "a,b\n1,2\n3,4\n")
    _write(model, "tfx.components.CsvExampleGen(input_base='data')")
    model.compile()
    results = model.run(worker)
    assert states(results) == {"CsvExampleGen": "complete"}
    [examples] = results["CsvExampleGen"].outputs["examples"]
    assert Path(examples.uri).is_relative_to(model.home / "root")


def test_a_component_of_a_pipeline_that_runs_itself_runs_once_and_under_airflow(
    model: Model, worker: WorkerProcess
) -> None:
    before = """
from pathlib import Path
from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples

@component
def Note(noted: OutputArtifact[Examples], where: Parameter[str]):
    with Path(where).open("a") as notes:
        notes.write("once ")
"""
    notes = model.home / "notes.txt"
    _write(model, f"Note(where={str(notes)!r})", before=before + RUNNERS["AirflowDagRunner"])
    with (model.folder / "pipeline.py").open("a") as pipeline:
        pipeline.write("\nDAG = R().run(create_pipeline())\n")
        pipeline.write(RUNNERS["LocalDagRunner"])
        pipeline.write("R().run(create_pipeline())\n")
    model.compile()
    model.run(worker)
    assert notes.read_text() == "once "


def test_a_model_can_become_a_version_where_it_was_pushed(
    model: Model, worker: WorkerProcess
) -> None:
    model.write("trained/Format-Serving/saved_model.pb", "")
    before = "from tfx_components.version_pusher.component import VersionPusher\n"
    before += "MODEL = tfx.types.standard_artifacts.Model\n"
    before += (
        "trained = tfx.dsl.Importer(source_uri='trained', artifact_type=MODEL).with_id('it')\n"
    )
    _write(model, "trained, VersionPusher(model=trained.outputs['result'])", before=before)
    model.compile()
    assert states(model.run(worker)) == {"it": "complete", "VersionPusher": "complete"}
    assert list((model.home / "versions").glob("*/manifest.json"))


def test_a_uri_of_ours_is_resolved_inside_of_a_message(model: Model) -> None:
    where = {"filesystem": {"base_directory": "package://tfx/examples"}}
    channel = "tfx.dsl.Channel(type=tfx.types.standard_artifacts.Model)"
    _write(model, f"tfx.components.Pusher(model={channel}, push_destination={where})")
    model.compile()
    request = model.request("Pusher")
    pipeline = pipeline_of_run(model.package, load_package(model.package), request)
    found = ir.read_place(pipeline, "Pusher.push_destination.filesystem.base_directory")
    assert str(found).endswith("site-packages/tfx/examples")
