"""`compile`."""

from __future__ import annotations

from typing import Annotated

import typer

from tfx_airflow.cli.console import complain, say, show
from tfx_contract.errors import TfxAirflowError
from tfx_contract.home import Home


def compile_models(
    models: Annotated[
        list[str] | None, typer.Argument(help="All of them when none is named.")
    ] = None,
) -> None:
    """Compile models into the pipelines that new runs take."""
    from tfx_airflow.models import all_models, find_model

    home = Home.from_environment()
    chosen = [find_model(home, name) for name in models] if models else all_models(home)
    failed = False
    for model in chosen:
        say(f"compiling {model.name}")
        try:
            show(f"{model.name} {model.compile(say)}")
        except TfxAirflowError as error:
            complain(str(error))
            failed = True
    if failed:
        raise typer.Exit(2)
