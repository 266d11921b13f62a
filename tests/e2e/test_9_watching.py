"""The demo of drift, as `make demo-drift` runs it, and what a person sees of it in Airflow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.airflow_ui import AirflowUi, open_page
from tests.e2e.deployment import MODEL, Deployment
from tfx_airflow.deployment.layout import Layout
from tfx_contract.deployments import live_version, version_numbers
from tfx_contract.drift_history import DriftCheck, Followed, read_checks
from tfx_contract.home import Home

_DEMO_SECONDS = 1_500


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The demo's home after it ran; its Airflow still does."""
    outer = Deployment(tmp_path_factory.mktemp("watched"))
    root = outer.home.root / "demo-drift"
    home = Home(root=root, dags=root / "dags", metadata=f"sqlite:///{root / 'metadata.db'}")
    try:
        done = outer.command("demo-drift", seconds=_DEMO_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        yield home
    finally:
        outer.home = home
        outer.down()


@pytest.fixture(scope="module")
def checks(demo: Home) -> list[DriftCheck]:
    return read_checks(demo.checks(MODEL))


def test_the_first_drift_is_an_alert_and_the_second_a_retraining(checks: list[DriftCheck]) -> None:
    assert [check.followed for check in checks] == [Followed.ALERT, Followed.RETRAINING]
    assert all("fare" in check.drifted for check in checks)
    assert all(check.requests >= 5_000 for check in checks)
    assert "no labelled data newer" in checks[0].reason
    assert "span 1" in checks[1].reason


def test_no_window_is_checked_twice_or_skipped(checks: list[DriftCheck]) -> None:
    first, second = checks
    assert first.until == second.since


def test_the_new_version_is_live(demo: Home) -> None:
    versions = demo.versions(MODEL)
    _, new = version_numbers(versions)
    assert live_version(versions) == new


def test_the_report_opens_from_its_task_and_for_nobody_else(
    demo: Home, checks: list[DriftCheck], tmp_path: Path
) -> None:
    layout = Layout(demo)
    dag, run = checks[-1].by.split("/", 1)
    place = SimpleNamespace(address=layout.address(), layout=layout)
    with open_page(tmp_path) as page:
        AirflowUi(page, place).sign_in()
        page.goto(f"{layout.address()}/dags/{dag}/runs/{run}/tasks/conclude/details")
        button = page.get_by_role("link", name="Drift report")
        button.wait_for()
        address = str(button.get_attribute("href"))
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("drift", re.I))
        expect(page.locator("body")).to_contain_text("fare")
    assert httpx.get(address).status_code == 401
