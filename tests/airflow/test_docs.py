"""The documentation says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from typer.testing import CliRunner

from tfx_airflow.cli import app
from tfx_contract.model_spec import CustomModelSpec, StandardModelSpec, load_model_spec

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_schema_for_editors_is_the_one_that_the_command_prints() -> None:
    published = json.loads((ROOT / "docs" / "model.schema.json").read_text())
    printed = CliRunner().invoke(app, ["config-schema"])
    assert json.loads(printed.stdout) == published, (
        "tfx-airflow config-schema > docs/model.schema.json"
    )


def test_every_command_stands_in_the_readme() -> None:
    for command in app.registered_commands:
        name = command.name or (command.callback and command.callback.__name__) or ""
        assert f"tfx-airflow {name.replace('_', '-')}" in README, name


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z]+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_reference_of_model_yaml_is_the_page_that_the_command_prints() -> None:
    published = (ROOT / "docs" / "model.md").read_text()
    printed = CliRunner().invoke(app, ["config-schema", "--markdown"])
    assert printed.stdout == published, "tfx-airflow config-schema --markdown > docs/model.md"


def test_every_key_of_model_yaml_is_explained() -> None:
    page = (ROOT / "docs" / "model.md").read_text()
    unexplained = [line for line in page.splitlines() if re.match(r"\| `\w+` \| +\|", line)]
    assert not unexplained
    for key in StandardModelSpec.model_fields | CustomModelSpec.model_fields:
        assert f"`{key}`" in page, key


def test_the_readmes_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_example_model_is_valid() -> None:
    spec = load_model_spec(ROOT / "dags" / "chicago_taxi")
    assert isinstance(spec, StandardModelSpec)
    assert spec.data.label == "tips"
