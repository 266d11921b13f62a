"""Our pages in Airflow's own server: who may see them, and what is there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tfx_airflow.pages.addresses import report_address
from tfx_contract.drift_report import PAGE_FILE
from tfx_contract.home import Home

DAG = "taxi__drift"


@pytest.fixture(scope="module")
def airflow_server() -> Iterator[TestClient]:
    """Airflow's API server as it is, with what its plugin manager finds in our folder."""
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(command, check=True, capture_output=True)
    from airflow.api_fastapi.app import create_app

    with TestClient(create_app(), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def signed_in(airflow_server: TestClient) -> dict[str, str]:
    """Headers of an administrator."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    user = SimpleAuthManagerUser(username="boss", role="admin")
    return {"Authorization": f"Bearer {get_auth_manager().generate_jwt(user)}"}


def page_of(home: Home, execution: int = 41) -> tuple[Path, str]:
    """A report's page, and its path on the server."""
    folder = home.pipeline_root(DAG) / "DriftDetector" / "report" / str(execution) / "0a1b2c3d"
    folder.mkdir(parents=True)
    (folder / PAGE_FILE).write_text("<title>Nothing drifted</title>")
    return folder, report_address("http://localhost", DAG, folder)


def test_a_report_is_shown_to_who_may_see_the_dag(
    home: Home, airflow_server: TestClient, signed_in: dict[str, str]
) -> None:
    folder, address = page_of(home)
    answer = airflow_server.get(address, headers=signed_in)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "Nothing drifted" in answer.text
    (folder / PAGE_FILE).unlink()
    assert airflow_server.get(address, headers=signed_in).status_code == 404


def test_nobody_else_sees_it(home: Home, airflow_server: TestClient) -> None:
    _, address = page_of(home)
    assert airflow_server.get(address).status_code == 401
    wrong = {"Authorization": "Bearer nonsense"}
    assert airflow_server.get(address, headers=wrong).status_code in (401, 403)


@pytest.mark.parametrize(
    "place",
    [
        "drift/taxi__drift/41/..%2F..%2F..",
        "drift/..%2Ftaxi__drift/41/0a1b2c3d",
        "drift/taxi/41/0a1b2c3d",
        "drift/taxi__drift/first/0a1b2c3d",
    ],
)
def test_no_address_leads_elsewhere(
    home: Home, airflow_server: TestClient, signed_in: dict[str, str], place: str
) -> None:
    page_of(home)
    answer = airflow_server.get(f"/tfx-airflow/{place}", headers=signed_in)
    assert answer.status_code in (404, 422)


def test_without_an_address_of_airflows_there_is_none(tmp_path: Path) -> None:
    assert report_address("", DAG, tmp_path) == ""
