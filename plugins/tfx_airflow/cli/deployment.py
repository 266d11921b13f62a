"""`up` and `down`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfx_airflow.cli.console import quiet, say, show
from tfx_contract.errors import TfxAirflowError

if TYPE_CHECKING:
    from tfx_airflow.api import AirflowApi
    from tfx_airflow.models import Model


def up() -> None:
    """Start Airflow, the warm worker and the endpoint in the background, on loopback."""
    from tfx_airflow.api import AirflowApi
    from tfx_airflow.deployment.layout import USER
    from tfx_airflow.deployment.local import LocalDeployment
    from tfx_airflow.models import all_models

    deployment = LocalDeployment()
    deployment.up(say)
    layout = deployment.layout
    with AirflowApi(layout) as api:
        for model in all_models(layout.home):
            _take_up(api, model)
    show(f"Airflow is up: {layout.address()}")
    show(f"The endpoint is up: {layout.endpoint_address()}")
    show(f"User {USER}, password in {layout.passwords}")
    show(f"Logs in {layout.logs}")


def down() -> None:
    """Stop Airflow, the warm worker and the endpoint."""
    from tfx_airflow.deployment.local import LocalDeployment

    stopped = LocalDeployment().down()
    show(f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running.")


def _take_up(api: AirflowApi, model: Model) -> None:
    """One model's mistake is shown, and does not keep the others from being served."""
    from tfx_airflow.models import wait_until_parsed

    try:
        model.bring_up_to_date(say, quiet)
        say(f"waiting for the DAG of {model.name}")
        wait_until_parsed(api, model)
    except TfxAirflowError as error:
        say(f"WARNING model {model.name} cannot run: {error}")
