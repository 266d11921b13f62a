"""Compiling a model folder: the same content has the same name, and the last good one stays."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tfx_contract.compiled import load_package, load_pointer
from tfx_contract.errors import CompileError, PackageError, SpecError
from tfx_runtime import package
from tfx_runtime.compile import compile_model

TAXI = Path(__file__).parents[2] / "dags" / "chicago_taxi"


@pytest.fixture
def taxi(tmp_path: Path) -> Path:
    shutil.copytree(TAXI.parent / "_shared", tmp_path / "dags" / "_shared")
    return Path(shutil.copytree(TAXI, tmp_path / "dags" / "chicago_taxi"))


def _module_digests(folder: Path) -> dict[str, object]:
    nodes = load_package(folder).train.nodes
    return {n.id: n.parameters["module_digest"] for n in nodes if "module_digest" in n.parameters}


def test_the_same_sources_have_the_same_digest_in_another_folder_and_another_process(
    taxi: Path, tmp_path: Path
) -> None:
    here = compile_model(taxi, tmp_path / "compiled").digest
    command = [sys.executable, "-m", "tfx_runtime.compile", str(TAXI), "--compiled", str(tmp_path)]
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    there = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert there.stdout.split()[-1] == here


def test_the_package_names_no_path_of_this_machine(taxi: Path, tmp_path: Path) -> None:
    folder = tmp_path / "compiled" / "chicago_taxi"
    folder /= compile_model(taxi, tmp_path / "compiled").digest
    for name in ("train.ir.json", "package.json"):
        assert str(tmp_path) not in (folder / name).read_text()


def test_an_edit_of_the_trainer_changes_the_trainers_cache_key_and_no_other(
    taxi: Path, tmp_path: Path
) -> None:
    compiled = tmp_path / "compiled"
    before = _module_digests(compiled / taxi.name / compile_model(taxi, compiled).digest)
    (taxi / "trainer.py").write_text((taxi / "trainer.py").read_text() + "\nEDITED = True\n")
    after = _module_digests(compiled / taxi.name / compile_model(taxi, compiled).digest)
    assert set(before) == {"Trainer", "Transform"}
    assert before["Transform"] == after["Transform"]
    assert before["Trainer"] != after["Trainer"]


def test_a_sibling_that_is_imported_inside_a_function_travels_along(
    taxi: Path, tmp_path: Path
) -> None:
    (taxi / "late_helper.py").write_text("ANSWER = 42\n")
    with (taxi / "trainer.py").open("a") as trainer:
        trainer.write("\n\ndef late():\n    import late_helper\n    return late_helper.ANSWER\n")
    record = compile_model(taxi, tmp_path / "compiled")
    assert (tmp_path / "compiled" / taxi.name / record.digest / "modules/late_helper.py").exists()


def test_a_module_that_would_hide_an_installed_package_is_refused(
    taxi: Path, tmp_path: Path
) -> None:
    (taxi / "pandas.py").write_text((taxi / "trainer.py").read_text())
    (taxi / "pipeline.py").write_text(
        "from pathlib import Path\n"
        "from tfx.components import CsvExampleGen, Trainer\n"
        "from tfx.proto import trainer_pb2\n"
        "from tfx.orchestration.pipeline import Pipeline\n"
        "def create_pipeline():\n"
        "    examples = CsvExampleGen(input_base='x')\n"
        "    trainer = Trainer(examples=examples.outputs['examples'],\n"
        "        module_file=str(Path(__file__).parent / 'pandas.py'),\n"
        "        train_args=trainer_pb2.TrainArgs(num_steps=1),\n"
        "        eval_args=trainer_pb2.EvalArgs(num_steps=1))\n"
        "    return Pipeline('clash', 'root', components=[examples, trainer])\n"
    )
    (taxi / "model.yaml").write_text("description: A clash of names.\n")
    with pytest.raises(CompileError, match=r"a module named 'pandas' exists"):
        compile_model(taxi, tmp_path / "compiled")


def test_a_failed_compilation_leaves_the_last_good_package_current_and_says_why(
    taxi: Path, tmp_path: Path
) -> None:
    compiled = tmp_path / "compiled"
    good = compile_model(taxi, compiled).digest
    (taxi / "model.yaml").write_text("schedle: '@daily'\n")
    with pytest.raises(SpecError):
        compile_model(taxi, compiled)
    pointer = load_pointer(compiled / taxi.name)
    assert pointer.digest == good
    assert "Did you mean 'schedule'?" in (pointer.failure or "")
    package.verify(compiled / taxi.name / good)
    assert not list((compiled / taxi.name).glob(".draft-*"))


def test_a_package_that_was_edited_is_refused_and_the_command_named(toy_package: Path) -> None:
    package.verify(toy_package)
    (toy_package / "train.ir.json").write_text("{}")
    with pytest.raises(PackageError, match="tfx-airflow compile toy"):
        package.verify(toy_package)


def test_a_damaged_package_is_made_anew_by_the_next_compilation(
    toy_folder: Path, toy_package: Path
) -> None:
    (toy_package / "train.ir.json").write_text("{}")
    compile_model(toy_folder, toy_package.parent.parent)
    package.verify(toy_package)


def test_a_parameter_bound_to_a_place_that_does_not_exist_is_named(
    toy_folder: Path, tmp_path: Path
) -> None:
    spec = (toy_folder / "model.yaml").read_text()
    (toy_folder / "model.yaml").write_text(spec.replace("Source.repeat", "Source.repaet"))
    with pytest.raises(CompileError, match=r"parameters\.repeat: .*no parameter 'repaet'.*repeat"):
        compile_model(toy_folder, tmp_path / "compiled")


def test_a_default_that_is_not_given_is_the_value_in_the_pipeline(toy_package: Path) -> None:
    assert load_package(toy_package).train.parameters["repeat"].default == 3


def test_a_module_of_that_name_that_another_model_has_imported_is_no_clash(
    taxi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trainer", ModuleType("trainer"))
    compile_model(taxi, tmp_path / "compiled")
