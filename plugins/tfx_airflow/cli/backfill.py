"""`backfill`."""

from __future__ import annotations

import functools
import json
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from tfx_airflow.cli.console import quiet, say, show
from tfx_contract.home import Home
from tfx_contract.parameters import RunOption

if TYPE_CHECKING:
    from tfx_airflow.api import AirflowApi
    from tfx_airflow.deployment.local import LocalDeployment

_ENDED = ("success", "failed")
_POLL_SECONDS = 1.0
_TRIES = 4
_DAY = ["%Y-%m-%d"]


def backfill(
    model: Annotated[str, typer.Argument(help="The model's folder name.")],
    first: Annotated[datetime, typer.Option("--from", formats=_DAY, help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=_DAY, help="Last day, included.")],
    push: Annotated[bool, typer.Option("--push", help="Push what is blessed, too.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also days that ran before.")] = False,
) -> None:
    """Run a model's DAG for past days, one after another, each on its own span."""
    from tfx_airflow.api import AirflowApi
    from tfx_airflow.deployment.local import LocalDeployment
    from tfx_airflow.models import find_model, wait_until_parsed

    chosen = find_model(Home.from_environment(), model)
    deployment = LocalDeployment()
    deployment.up(say)
    chosen.bring_up_to_date(say, quiet)
    zone = chosen.package().spec.zone
    days = first.replace(tzinfo=zone), last.replace(tzinfo=zone) + timedelta(days=1, seconds=-1)
    with AirflowApi(deployment.layout) as api:
        wait_until_parsed(api, chosen)
        api.unpause(model)
        _create(deployment, api, model, _options(days, push, again))
        failed = _follow(api, model, days)
    if failed:
        raise typer.Exit(1)


def _options(days: tuple[datetime, datetime], push: bool, again: bool) -> list[str]:
    first, last = (day.isoformat() for day in days)
    behavior = "completed" if again else "none"
    options = ["--from-date", first, "--to-date", last, "--reprocess-behavior", behavior]
    if push:
        options += ["--dag-run-conf", json.dumps({RunOption.PUSH.value: True})]
    return [*options, "--max-active-runs", "1"]


def _create(deployment: LocalDeployment, api: AirflowApi, model: str, options: list[str]) -> None:
    """By Airflow's command: its API writes to the database twice at once, which SQLite refuses."""
    from tfx_airflow.deployment.local import DatabaseLockedError

    create = functools.partial(deployment.airflow, "backfill", "create", "--dag-id", model)
    for _ in range(_TRIES):
        _wait_for_others(api, model)
        with suppress(DatabaseLockedError):
            create(*options)
            return
        # Half created, it would stand in the way of the next try.
        for half_created in api.open_backfills(model):
            api.cancel_backfill(half_created)
    create(*options)


def _wait_for_others(api: AirflowApi, model: str) -> None:
    """Airflow notes the end of a backfill up to half a minute after its last run."""
    if api.open_backfills(model):
        say(f"{model}: waiting for its other backfill to end")
    while api.open_backfills(model):
        time.sleep(_POLL_SECONDS)


def _follow(api: AirflowApi, model: str, days: tuple[datetime, datetime]) -> list[str]:
    """Shows every change until all runs have ended; returns those that failed."""
    shown: dict[str, str] = {}
    while True:
        runs = api.backfill_runs(model, *days)
        for run_id, state in runs.items():
            if shown.get(run_id) != state:
                show(f"{run_id}  {state}", "bold red" if state == "failed" else "")
        shown = runs
        if all(state in _ENDED for state in runs.values()):
            return [run_id for run_id, state in runs.items() if state == "failed"]
        time.sleep(_POLL_SECONDS)
