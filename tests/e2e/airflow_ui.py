"""Airflow's pages in a headless chromium, with a profile of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, ViewportSize, sync_playwright

from tests.e2e.deployment import MODEL, Deployment
from tfx_airflow.deployment.layout import USER
from tfx_airflow.deployment.private_files import read_password
from tfx_setup.programs import PROGRAMS

_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SIZE: ViewportSize = {"width": 1400, "height": 900}
_PICTURE_SIZE: ViewportSize = {"width": 1400, "height": 640}
_WAIT_MILLISECONDS = 60_000


class AirflowUi:
    """What a person does in Airflow's UI."""

    def __init__(self, page: Page, deployment: Deployment) -> None:
        self._page = page
        self._deployment = deployment

    def sign_in(self) -> None:
        """Opens the taxi model's DAG; Airflow asks for the password first."""
        self._page.goto(f"{self._deployment.address}/dags/{MODEL}")
        self._page.fill("input[name=username]", USER)
        self._page.fill("input[type=password]", read_password(self._deployment.layout))
        self._page.get_by_role("button", name="Sign in").click()
        self._page.wait_for_url(f"**/dags/{MODEL}")

    def open_form(self) -> None:
        """Presses the button above the DAG."""
        self._page.get_by_test_id("trigger-dag-button").click()
        self.field("train_steps").wait_for()

    def field(self, parameter: str) -> Locator:
        """The form's field of a run parameter."""
        form = self._page.locator("[role=dialog][data-state=open]")
        return form.locator(
            f"input[name=element_{parameter}], [id='number-input:element_{parameter}'] input"
        ).first

    def submit_form(self) -> str:
        """Presses the form's button; returns the run's id."""
        with self._page.expect_response(
            lambda answer: answer.request.method == "POST" and answer.url.endswith("/dagRuns")
        ) as answered:
            self._page.get_by_test_id("trigger-dag-submit").click()
        answer = answered.value
        assert answer.ok, answer.text()
        return str(answer.json()["dag_run_id"])

    def open_graph(self, run_id: str) -> None:
        """The graph of a run, as wide as the window."""
        self._page.goto(f"{self._deployment.address}/dags/{MODEL}/runs/{run_id}")
        self._page.get_by_role("button", name="Show Graph").click()
        self.node("Pusher").wait_for()
        self._page.get_by_role("button", name="Collapse Details Panel").click()
        self._page.get_by_role("button", name="Fit View").click()

    def approve(self, dag_id: str, run_id: str, task: str) -> str:
        """Says yes to what a task asks; returns the question."""
        path = f"/dags/{dag_id}/runs/{run_id}/tasks/{task}/required_actions"
        self._page.goto(self._deployment.address + path)
        button = self._page.get_by_test_id("hitl-option-Approve")
        button.wait_for()
        question = self._page.locator("main, #root").first.inner_text()
        button.click()
        return question

    def node(self, name: str) -> Locator:
        """A node of the graph."""
        return self._page.get_by_test_id(f"rf__node-{name}")

    def picture(self, path: Path) -> None:
        """What the window shows once it stands still."""
        self._page.set_viewport_size(_PICTURE_SIZE)
        self._page.get_by_role("button", name="Fit View").click()
        # The graph glides to its place, which the page does not tell.
        self._page.wait_for_timeout(2_000)
        self._page.mouse.move(_PICTURE_SIZE["width"] / 2, 5)
        self._page.screenshot(path=path, animations="disabled")


@contextmanager
def open_page(profile: Path) -> Iterator[Page]:
    """A browser with one empty page."""
    browser = PROGRAMS["chromium"].find()
    assert browser, "found no chromium; python3 -m tfx_setup chromium"
    with sync_playwright() as playwright:
        # Its own new headless mode, not the old one that Playwright would ask for.
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=browser,
            headless=False,
            args=_ARGUMENTS,
            viewport=_SIZE,
            device_scale_factor=2,
        )
        try:
            page = context.pages[0]
            page.set_default_timeout(_WAIT_MILLISECONDS)
            yield page
        finally:
            context.close()


@contextmanager
def open_ui(deployment: Deployment, profile: Path) -> Iterator[AirflowUi]:
    """Starts a browser and signs in."""
    with open_page(profile) as page:
        ui = AirflowUi(page, deployment)
        ui.sign_in()
        yield ui
