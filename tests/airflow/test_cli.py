"""The command line, without a running Airflow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.airflow.hand_made import write_model
from tfx_airflow.cli import app
from tfx_contract.home import Home


def call(*arguments: str) -> Result:
    """Calls `tfx-airflow`."""
    return CliRunner().invoke(app, list(arguments))


def write_inferred(home: Home, text: str, execution: int = 1) -> None:
    """Writes what SchemaGen would."""
    path = home.pipeline_root("taxi") / "SchemaGen" / "schema" / str(execution) / "schema.pbtxt"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_the_configuration_schema_is_a_json_schema_that_knows_every_key() -> None:
    document = json.loads(call("config-schema").stdout)
    assert len(document["anyOf"]) == 2
    standard = document["$defs"]["StandardModelSpec"]
    assert standard["required"] == ["data", "evaluation"]
    assert "schedule" in standard["properties"]
    assert standard["additionalProperties"] is False
    assert "pipeline" in document["$defs"]["CustomModelSpec"]["properties"]


def test_a_schema_without_differences_exits_0(home: Home, model: Path) -> None:
    (home.dags / "taxi" / "schema.pbtxt").write_text("feature { }\n")
    write_inferred(home, "feature { }\n")
    assert call("schema", "taxi").exit_code == 0


def test_a_schema_shows_its_differences_and_exits_1(home: Home, model: Path) -> None:
    curated = home.dags / "taxi" / "schema.pbtxt"
    curated.write_text("old\n")
    write_inferred(home, "new\n")
    result = call("schema", "taxi")
    assert result.exit_code == 1
    assert "-old" in result.stdout
    assert "+new" in result.stdout
    assert curated.read_text() == "old\n"


def test_a_schema_is_written_only_when_asked(home: Home, model: Path) -> None:
    curated = home.dags / "taxi" / "schema.pbtxt"
    curated.write_text("old\n")
    write_inferred(home, "new\n")
    assert call("schema", "taxi", "--write").exit_code == 0
    assert curated.read_text() == "new\n"


def test_an_error_is_a_message_and_exit_code_2_without_a_trace(home: Home, model: Path) -> None:
    result = call("schema", "tax")
    assert result.exit_code == 2
    assert "Model 'tax'" in result.stderr
    assert "allowed: taxi" in result.stderr
    assert "Traceback" not in result.stderr


def test_compiling_prints_the_digest(home: Home, model: Path) -> None:
    result = call("compile", "taxi")
    assert result.stdout == "taxi cafe0123\n"


def test_a_mistake_in_one_model_does_not_keep_the_others_from_compiling(home: Home) -> None:
    for name in ("bad", "good"):
        write_model(home, name)
    (home.dags / "bad" / "model.yaml").unlink()
    result = call("compile")
    assert result.exit_code == 2
    assert result.stdout == "good cafe0123\n"
    assert "model.yaml: there is no such file" in result.stderr


def test_a_mistake_in_a_parameter_is_told_before_anything_starts(home: Home, model: Path) -> None:
    result = call("run", "taxi", "--param", "train_step=3")
    assert result.exit_code == 2
    assert "Did you mean 'train_steps'?" in result.stderr
    assert not home.airflow.exists()


def test_status_tells_what_is_down_and_what_is_stale(home: Home, model: Path) -> None:
    write_model(home, description="edited")
    result = call("status")
    assert result.exit_code == 0
    assert "scheduler" in result.stdout
    assert "aaaa1111" in result.stdout
    assert "model.yaml" in result.stdout


def test_doctor_names_a_model_that_was_never_compiled(home: Home) -> None:
    write_model(home)
    result = call("doctor")
    assert result.exit_code == 1
    assert "BAD  compiled pipeline of taxi" in result.stdout
    assert "fix: tfx-airflow compile taxi" in result.stdout


@pytest.mark.parametrize("module", ["airflow", "httpx", "psutil"])
def test_help_needs_no_heavy_import(module: str) -> None:
    code = f"import sys, tfx_airflow.cli; sys.exit({module!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
