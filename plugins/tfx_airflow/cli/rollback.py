"""`rollback`."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from tfx_airflow.cli.console import say, show
from tfx_contract.home import Home


def rollback(
    model: Annotated[str, typer.Argument(help="The model's folder name.")],
    to: Annotated[
        int | None,
        typer.Option(
            "--to", help="Version to go back to; left out, the one promoted before.", min=1
        ),
    ] = None,
) -> None:
    """Give all traffic back to an earlier version, at once; a push that is under way stops."""
    from tfx_airflow.models import find_model
    from tfx_airflow.serving.clients import connect
    from tfx_airflow.serving.operations import block
    from tfx_airflow.serving.rollback import Rollback, choose_version, roll_back

    home = Home.from_environment()
    serving = find_model(home, model).serving()
    clients = connect(serving, home)
    by = f"{getpass.getuser()}: tfx-airflow rollback"
    back = Rollback(model, serving, home, by, clients, block(clients))
    version = choose_version(back, to)
    say(f"going back to version {version} of {model}")
    outcome = roll_back(back, version)
    gone = ", ".join(map(str, outcome.rolled_back))
    show(f"{model}: version {outcome.live} is live" + (f", {gone} rolled back" if gone else ""))
