"""The application that Airflow's API server mounts."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Path
from fastapi.responses import FileResponse

from tfx_airflow.drift.tasks import DETECTOR, REPORT
from tfx_contract.drift_report import PAGE_FILE
from tfx_contract.home import Home

app = FastAPI(title="tfx-airflow", docs_url=None, redoc_url=None, openapi_url=None)
may_see_runs = Depends(requires_access_dag(method="GET", access_entity=DagAccessEntity.RUN))


@app.get("/drift/{dag_id}/{execution}/{attempt}", dependencies=[may_see_runs])
def drift_report(
    dag_id: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]*__drift$")],
    execution: int,
    attempt: Annotated[str, Path(pattern=r"^[0-9a-zA-Z]{1,64}$")],
) -> FileResponse:
    """The page of a drift check."""
    root = Home.from_environment().pipeline_root(dag_id)
    page = root / DETECTOR / REPORT / str(execution) / attempt / PAGE_FILE
    if not page.is_file():
        raise HTTPException(404, f"There is no report of {dag_id} in {page.parent}.")
    return FileResponse(page, media_type="text/html")
