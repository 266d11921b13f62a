"""`status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from tfx_airflow.cli.console import out, show

if TYPE_CHECKING:
    from tfx_airflow.deployment.local import LocalDeployment
    from tfx_airflow.models import Model


def status() -> None:
    """Show what runs, what is compiled, and how the last runs ended."""
    from tfx_airflow.deployment.local import LocalDeployment
    from tfx_airflow.models import all_models

    deployment = LocalDeployment()
    out.print(_components(deployment))
    last_runs = _last_runs(deployment, all_models(deployment.layout.home))
    out.print(_models(all_models(deployment.layout.home), last_runs))
    if deployment.is_running():
        show(f"Airflow: {deployment.layout.address()}")
        show(f"Endpoint: {deployment.layout.endpoint_address()}")


def _components(deployment: LocalDeployment) -> Table:
    table = Table("Component", "State")
    for component in deployment.components():
        process = component.process()
        state = f"up, process {process.pid}" if process else "down"
        if process is None and component.was_started:
            state = f"DEAD, see {component.log}; tfx-airflow up starts it again"
        table.add_row(component.name, Text(state, overflow="fold"))
    return table


def _models(models: list[Model], last_runs: dict[str, str]) -> Table:
    table = Table("Model", "Compiled pipeline", "Stale", "Last run")
    for model in models:
        pin = model.pin
        stale = pin.why if pin.stale or pin.digest is None else "no"
        last = last_runs.get(model.name, "unknown, Airflow is down")
        table.add_row(model.name, pin.digest or "none", Text(stale), Text(last, overflow="fold"))
    return table


def _last_runs(deployment: LocalDeployment, models: list[Model]) -> dict[str, str]:
    if not deployment.is_running():
        return {}
    from tfx_airflow.api import AirflowApi

    with AirflowApi(deployment.layout) as api:
        return {model.name: _last_run(api.last_run(model.name)) for model in models}


def _last_run(run: dict[str, object] | None) -> str:
    return f"{run['state']}, {run['dag_run_id']}" if run else "never ran"
