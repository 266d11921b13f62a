"""A version on its way to the endpoint: canary under load, rollback in the middle, baseline."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from playwright.sync_api import expect

from tests.e2e.airflow_ui import open_page, open_ui
from tests.e2e.deployment import Deployment, eventually, manifest_of
from tfx_airflow.deployment.layout import USER
from tfx_airflow.deployment.local import ENDPOINT, LocalDeployment
from tfx_airflow.serving.tasks import APPROVE
from tfx_contract.deployments import Happened, live_version, read_events, rejected_versions

CELLAR = "cellar"
PUSH = "cellar__push"
CANARY = {
    "steps": [50],
    "window_minutes": 0.05,
    "longest_minutes": 3,
    "min_requests": 40,
    # Two cores run Airflow, TensorFlow and the tests; latency proves nothing here.
    "max_latency_ratio": 1000,
    "max_prediction_distance": None,
}


@dataclass
class Endpoint:
    """The endpoint as a client sees it."""

    deployment: Deployment
    failed: list[str] = field(default_factory=list)
    asked: int = 0

    def ask(self) -> list[Any]:
        """What the live version answers to the golden requests."""
        url = f"{self.deployment.layout.endpoint_address()}/v1/models/{CELLAR}:predict"
        body = {"signature_name": "serving_json", "instances": self.golden["instances"]}
        answer = httpx.post(url, json=body, timeout=30)
        answer.raise_for_status()
        predictions: list[Any] = answer.json()["predictions"]
        return predictions

    @property
    def golden(self) -> dict[str, Any]:
        first = min(self.deployment.versions(CELLAR), key=int)
        return golden_answers(self.deployment, int(first))

    @contextmanager
    def traffic(self) -> Iterator[None]:
        """Asks all the time; what fails is noted."""
        ended = threading.Event()

        def run() -> None:
            while not ended.wait(0.02):
                self.asked += 1
                try:
                    self.ask()
                except httpx.HTTPError as error:
                    self.failed.append(str(error))

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


@pytest.fixture(scope="module")
def cellar(deployment: Deployment) -> Endpoint:
    """The wine model, served without a person's approval."""
    folder = deployment.home.dags / CELLAR
    shutil.copytree(deployment.home.dags / "wine", folder)
    spec = yaml.safe_load((folder / "model.yaml").read_text())
    del spec["tuning"], spec["scoring"], spec["schedule"], spec["drift"]
    spec["serving"] = {"canary": CANARY}
    (folder / "model.yaml").write_text(yaml.safe_dump(spec))
    return Endpoint(deployment)


def golden_answers(deployment: Deployment, version: int) -> dict[str, Any]:
    path = deployment.home.versions(CELLAR) / str(version) / "golden_answers.json"
    answers: dict[str, Any] = json.loads(path.read_text())
    return answers


def train(deployment: Deployment, seed: int) -> int:
    """A new version, and its number."""
    before = deployment.versions(CELLAR)
    path = deployment.home.dags / CELLAR / "model.yaml"
    spec = yaml.safe_load(path.read_text())
    spec["training"]["hyperparameters"]["seed"] = seed
    path.write_text(yaml.safe_dump(spec))
    done = deployment.command("run", CELLAR)
    assert done.returncode == 0, done.stdout + done.stderr
    (version,) = deployment.versions(CELLAR) - before
    return int(version)


def ask_a_person(deployment: Deployment) -> None:
    path = deployment.home.dags / CELLAR / "model.yaml"
    spec = yaml.safe_load(path.read_text())
    spec["serving"]["approval"] = True
    path.write_text(yaml.safe_dump(spec))


def waiting_for_a_person(deployment: Deployment) -> str | None:
    """The push that waits for an answer, if one does."""
    with deployment.api() as api:
        run_id = str((api.last_run(PUSH) or {})["dag_run_id"])
        asking = api.tasks(PUSH, run_id).get(APPROVE)
    return run_id if asking and asking.state in ("deferred", "awaiting_input") else None


def is_live(deployment: Deployment, version: int) -> Callable[[], bool]:
    return lambda: live_version(deployment.home.versions(CELLAR)) == version


def happened(deployment: Deployment, version: int) -> list[str]:
    events = read_events(deployment.home.versions(CELLAR), version)
    return [event.happened for event in events]


def test_a_first_version_takes_all_traffic_after_its_smoke_test(
    deployment: Deployment, cellar: Endpoint
) -> None:
    version = train(deployment, 1)
    eventually(is_live(deployment, version), "the first version is live", 120)
    assert cellar.ask() == golden_answers(deployment, version)["predictions"]
    events = happened(deployment, version)
    assert Happened.SMOKE_TESTED in events
    assert Happened.CANARY not in events


def test_a_second_version_is_promoted_by_its_canary_and_no_request_fails(
    deployment: Deployment, cellar: Endpoint
) -> None:
    with cellar.traffic():
        version = train(deployment, 2)
        eventually(is_live(deployment, version), "the second version is live", 240)
    assert cellar.failed == []
    assert cellar.asked > CANARY["min_requests"]
    assert cellar.ask() == golden_answers(deployment, version)["predictions"]
    (judged,) = (
        event
        for event in read_events(deployment.home.versions(CELLAR), version)
        if event.happened is Happened.JUDGED
    )
    assert any(isinstance(number, int) and number >= 40 for number in judged.numbers.values())


def test_a_rollback_preempts_a_canary_within_seconds(
    deployment: Deployment, cellar: Endpoint
) -> None:
    live = live_version(deployment.home.versions(CELLAR))
    assert live is not None
    version = train(deployment, 3)
    # Nobody asks, so the canary waits.
    eventually(lambda: Happened.CANARY in happened(deployment, version), "the canary began", 120)
    done = deployment.command("rollback", CELLAR)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"version {live} is live" in done.stdout
    assert live_version(deployment.home.versions(CELLAR)) == live
    assert rejected_versions(deployment.home.versions(CELLAR)) == {version}
    assert cellar.ask() == golden_answers(deployment, live)["predictions"]
    with deployment.api() as api:
        run_id = (api.last_run(PUSH) or {})["dag_run_id"]
        eventually(lambda: api.run_state(PUSH, run_id) == "failed", "the push has stopped", 120)
    assert is_live(deployment, live)()


def test_the_next_candidate_is_compared_with_the_live_version(
    deployment: Deployment, cellar: Endpoint
) -> None:
    versions = deployment.home.versions(CELLAR)
    live, rejected = live_version(versions), rejected_versions(versions)
    version = train(deployment, 4)
    assert rejected
    assert version > max(rejected)
    assert manifest_of(versions / str(version))["baseline_version"] == live


def test_a_rejected_version_is_pushed_again_by_hand_once_a_person_approves(
    deployment: Deployment, cellar: Endpoint, tmp_path: Path
) -> None:
    versions = deployment.home.versions(CELLAR)
    (version,) = rejected_versions(versions)
    ask_a_person(deployment)
    with (
        cellar.traffic(),
        deployment.following("push", CELLAR, "--version", str(version)) as push,
    ):
        run_id = eventually(lambda: waiting_for_a_person(deployment), "a person is asked", 240)
        assert not is_live(deployment, version)()
        with open_ui(deployment, tmp_path) as ui:
            assert f"Give all traffic of {CELLAR} to version {version}?" in ui.approve(
                PUSH, run_id, APPROVE
            )
        shown, mistakes = push.communicate(timeout=120)
    assert push.returncode == 0, shown + mistakes
    assert cellar.failed == []
    assert is_live(deployment, version)()
    (approved,) = (
        event for event in read_events(versions, version) if event.happened is Happened.APPROVED
    )
    assert approved.reason == f"by {USER}"


def test_an_endpoint_that_was_killed_comes_back_with_what_it_served(
    deployment: Deployment, cellar: Endpoint
) -> None:
    live = live_version(deployment.home.versions(CELLAR))
    assert live is not None
    components = {each.name: each for each in LocalDeployment(deployment.home).components()}
    process = components[ENDPOINT].process()
    assert process is not None
    process.kill()
    deployment.up()
    assert cellar.ask() == golden_answers(deployment, live)["predictions"]


def test_a_person_tries_a_prediction_on_the_page(
    deployment: Deployment, cellar: Endpoint, tmp_path: Path
) -> None:
    with open_page(tmp_path) as page:
        page.goto(deployment.layout.endpoint_address())
        card = page.locator("section", has=page.get_by_role("heading", name=CELLAR, exact=True))
        # The version by traffic, the golden requests in the form.
        expect(card.locator("textarea")).not_to_have_value("", timeout=30_000)
        instances = json.loads(card.locator("textarea").input_value())
        card.get_by_role("button", name="Predict").click()
        expect(card.locator("output")).to_contain_text("predictions", timeout=30_000)
        answer = json.loads(card.locator("output").inner_text())
    assert len(instances) > 1
    assert answer["predictions"] == cellar.ask()[: len(instances)]
