"""`new`."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tfx_airflow.cli.console import say, show
from tfx_contract.errors import InputError, SetupError
from tfx_contract.home import PROJECT_ROOT, Home, tfx_python

_MISTAKE = 2
# TensorFlow's libraries greet on standard error before any setting can silence them.
_GREETING = re.compile(r"[IWEF]\d{4} \d\d:|WARNING: All log messages before absl::")
_SHOWN_LINES = 10
_SHOWN_COLUMNS = 8


class ProblemChoice(StrEnum):
    """What a label can pose."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


def new(
    name: Annotated[str, typer.Argument(help="The model's name: its folder below dags/.")],
    csv: Annotated[Path, typer.Option("--csv", help="The data file; it stays where it is.")],
    label: Annotated[str, typer.Option("--label", help="Column to predict.")],
    problem: Annotated[
        ProblemChoice | None, typer.Option("--problem", help="Left out, inferred from the label.")
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option("--drop", help="Column to leave out; repeatable.")
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", help="Column to keep though it gives the label away; repeatable."),
    ] = None,
) -> None:
    """Write a model's folder from a data file, ready to run."""
    home = Home.from_environment()
    arguments = [name, "--csv", str(csv.absolute()), "--label", label, "--dags", str(home.dags)]
    arguments += ["--problem", problem.value] if problem else []
    for option, columns in (("--drop", drop), ("--keep", keep)):
        arguments += [f"{option}={column}" for column in columns or []]
    say("starting TFX, which takes a while")
    _show(name, _scaffold(arguments))


def _scaffold(arguments: list[str]) -> dict[str, Any]:
    """Runs the scaffold in the TFX environment, with its progress; returns its summary."""
    from tfx_airflow.command import tfx_environment

    python = tfx_python()
    if not python.exists():
        raise SetupError(
            f"The TFX environment has no interpreter at {python}. Make it: make .venv-tfx"
        )
    command = [str(python), "-m", "tfx_scaffold", *arguments]
    last = ""
    with (
        tempfile.TemporaryFile("w+", errors="replace") as errors,
        subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=tfx_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            errors="replace",
        ) as process,
    ):
        for line in process.stdout or ():
            last = line.strip()
            if not last.startswith("{"):
                say(last)
        code = process.wait()
        errors.seek(0)
        _raise_failure(code, errors.read().splitlines())
    summary: dict[str, Any] = json.loads(last)
    return summary


def _raise_failure(code: int, errors: list[str]) -> None:
    from tfx_airflow.command import describe_exit

    told = [line for line in errors if line.strip() and not _GREETING.match(line)]
    if code == _MISTAKE:
        raise InputError("\n".join(told))
    if code:
        lines = "\n".join(told[-_SHOWN_LINES:])
        raise SetupError(f"The scaffold ended with {describe_exit(code)}. Its last lines:\n{lines}")


def _show(name: str, summary: dict[str, Any]) -> None:
    show(f"{summary['folder']}: {summary['problem']}, {summary['reason']}", "bold")
    for kind, columns in summary["columns"].items():
        if kind != "left out":
            show(f"  {kind}: {_some(columns)}")
    for column, reason in list(summary["left_out"].items())[:_SHOWN_LINES]:
        show(f"  left out: {column}, {reason}")
    if (more := len(summary["left_out"]) - _SHOWN_LINES) > 0:
        show(f"  left out: {more} more, see features.py")
    for note in summary["notes"]:
        show(f"  note: {note}")
    show(f"Next: tfx-airflow run {name}")
    show(f"Its own tests: {tfx_python()} -m pytest {summary['folder']}/tests", "dim")


def _some(columns: list[str]) -> str:
    more = len(columns) - _SHOWN_COLUMNS
    return ", ".join(columns[:_SHOWN_COLUMNS]) + (f" and {more} more" if more > 0 else "")
