"""`predict`."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.table import Table

from tfx_airflow.cli.console import out, say
from tfx_contract.errors import InputError
from tfx_contract.home import Home


def predict(
    model: Annotated[str, typer.Argument(help="The model's folder name.")],
    instances: Annotated[
        str, typer.Option(help="File of rows: a JSON array, or one object a line. `-`: stdin.")
    ],
    signature: Annotated[
        str | None, typer.Option(help="Signature of the SavedModel; left out, the model's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a model's endpoint."""
    from tfx_airflow.models import find_model
    from tfx_airflow.serving.clients import connect
    from tfx_airflow.serving.predict import predict as ask

    home = Home.from_environment()
    serving = find_model(home, model).serving()
    answer = ask(connect(serving, home), model, read_instances(instances), signature)
    if as_json:
        print(json.dumps({"predictions": answer.predictions, "request_id": answer.request_id}))
        return
    rows = [row if isinstance(row, dict) else {"prediction": row} for row in answer.predictions]
    out.print(table(rows))
    say(f"by version {answer.deployed_model}, request {answer.request_id}")


def read_instances(source: str) -> list[Any]:
    """The rows of a file, or of standard input.

    Raises:
      InputError: there is no such file, it is not JSON, or it holds no rows.
    """
    text = _text(source)
    try:
        content = json.loads(text)
    except json.JSONDecodeError:
        lines = enumerate(text.split("\n"), 1)
        content = [_line(source, n, line) for n, line in lines if line.strip()]
    if isinstance(content, dict):
        content = content.get("instances", [content])
    if not isinstance(content, list) or not content:
        raise InputError(
            f"{source}: expected rows: a JSON array, one object a line, or "
            '{"instances": [...]}; found none.'
        )
    return content


def _text(source: str) -> str:
    try:
        if source == "-":
            return sys.stdin.read()
        with open(source, encoding="utf-8-sig") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{source}: cannot be read as UTF-8 text: {error}") from error


def _line(source: str, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{source}, line {number}: not valid JSON: {error.msg}.") from error


def table(rows: list[dict[str, Any]]) -> Table:
    """One line a row, one column a value of it."""
    shown = Table("#", *rows[0])
    for number, row in enumerate(rows, 1):
        shown.add_row(str(number), *(_cell(value) for value in row.values()))
    return shown


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return " ".join(map(_cell, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
