"""What Airflow's plugin manager finds; everything else in this folder it leaves alone."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from tfx_airflow.pages.addresses import PREFIX


async def _pages(scope: Any, receive: Any, send: Any) -> None:
    # Every process of Airflow loads its plugins, and only the API server needs the pages.
    from tfx_airflow.pages.app import app

    await app(scope, receive, send)


class TfxAirflowPlugin(AirflowPlugin):
    """Mounts our pages in Airflow's API server."""

    name = "tfx_airflow"
    fastapi_apps = [{"app": _pages, "url_prefix": PREFIX, "name": "tfx-airflow"}]
