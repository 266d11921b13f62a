"""`push`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tfx_airflow.cli.console import quiet, say, show
from tfx_contract.compiled import PUSH, dag_id
from tfx_contract.home import Home

if TYPE_CHECKING:
    from tfx_airflow.api import AirflowApi
    from tfx_airflow.models import Model
    from tfx_airflow.progress import RunProgress


def push(
    model: Annotated[str, typer.Argument(help="The model's folder name.")],
    version: Annotated[
        int | None,
        typer.Option(
            help="Version to push, also one that was rejected; left out, the newest new one.", min=1
        ),
    ] = None,
) -> None:
    """Take a version to the model's endpoint, and follow it on its way."""
    from tfx_airflow.api import AirflowApi
    from tfx_airflow.deployment.local import LocalDeployment
    from tfx_airflow.models import find_model

    found = find_model(Home.from_environment(), model)
    deployment = LocalDeployment()
    deployment.up(say)
    found.bring_up_to_date(say, quiet)
    found.serving()
    with AirflowApi(deployment.layout) as api:
        run_id = _start(api, found, version)
    follow_push(model, run_id)


def _start(api: AirflowApi, model: Model, version: int | None) -> str:
    from tfx_airflow.models import wait_until_parsed
    from tfx_airflow.serving.tasks import VERSION

    dag = dag_id(model.name, PUSH)
    wait_until_parsed(api, model, dag)
    api.unpause(dag)
    return api.trigger(dag, {VERSION: version})


def follow_push(name: str, run_id: str) -> None:
    """Shows a run of a model's push DAG until it ends; exits 1 when it failed."""
    from tfx_airflow.cli.run import follow_tasks
    from tfx_airflow.models import find_model
    from tfx_airflow.serving.tasks import push_tasks

    model = find_model(Home.from_environment(), name)
    tasks = push_tasks(model.serving())
    follow_tasks(model.home, dag_id(name, PUSH), run_id, tasks, _show_words)


def _show_words(api: AirflowApi, progress: RunProgress) -> None:
    """What each step said of itself, in a sentence or by its verdict."""
    show()
    for task in progress.nodes:
        said = api.returned(progress.dag_id, progress.run_id, task)
        if isinstance(said, dict) and "decision" in said:
            show(f"{task}: {said['decision']}, {said['reason']}")
        elif isinstance(said, str | int) and said != "":
            show(f"{task}: {said}")
