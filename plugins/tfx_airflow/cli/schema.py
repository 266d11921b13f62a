"""`schema` and `config-schema`."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Annotated

import typer

from tfx_airflow.cli.console import out, say, show
from tfx_contract.errors import SetupError
from tfx_contract.home import Home

SCHEMA_FILE = "schema.pbtxt"
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def schema(
    model: Annotated[str, typer.Argument(help="The model's folder name.")],
    write: Annotated[bool, typer.Option("--write", help="Take the proposal over.")] = False,
) -> None:
    """Show how the schema inferred in the last run differs from the curated one."""
    from tfx_airflow.models import find_model

    home = Home.from_environment()
    curated = home.dags / find_model(home, model).name / SCHEMA_FILE
    inferred = newest_inferred_schema(home, model)
    lines = _difference(curated, inferred)
    if not lines:
        say(f"{curated} equals the schema inferred in {inferred.parent}")
        return
    for line in lines:
        show(line, _STYLES.get(line[:1], ""))
    if write:
        curated.write_bytes(inferred.read_bytes())
        say(f"wrote {curated}; review it, then commit it")
        return
    raise typer.Exit(1)


def config_schema(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="A page to read instead: docs/model.md.")
    ] = False,
) -> None:
    """Print the JSON Schema of `model.yaml`, for editors."""
    from pydantic import TypeAdapter

    from tfx_airflow import reference
    from tfx_contract.model_spec import AnyModelSpec

    if markdown:
        out.out(reference.markdown(), highlight=False, end="")
        return
    schema = TypeAdapter[AnyModelSpec](AnyModelSpec).json_schema()
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    out.out(json.dumps(document, indent=2), highlight=False)


def newest_inferred_schema(home: Home, model: str) -> Path:
    """The schema that SchemaGen inferred last.

    Raises:
      SetupError: no run got that far yet.
    """
    folder = home.pipeline_root(model) / "SchemaGen" / "schema"
    found = list(folder.glob(f"**/{SCHEMA_FILE}"))
    if not found:
        raise SetupError(
            f"Model '{model}' has no inferred schema in {folder}. Make one: tfx-airflow run {model}"
        )
    return max(found, key=lambda path: path.stat().st_mtime_ns)


def _difference(curated: Path, inferred: Path) -> list[str]:
    before = curated.read_text(encoding="utf-8").splitlines() if curated.exists() else []
    after = inferred.read_text(encoding="utf-8").splitlines()
    return list(
        difflib.unified_diff(before, after, str(curated), f"{curated} (inferred)", lineterm="")
    )
