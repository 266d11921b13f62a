"""Pushes of a model to Vertex AI, from a process of its own whose clients the gate leads.

gRPC reads its variables once in a process, which other tests may have begun to use it in.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from typing import Any, TypeVar

import requests

from tests.airflow.serving import SIGNATURE, manifest_of
from tests.airflow.vertex_ai.gate import Gate
from tests.airflow.vertex_ai.google_services import STAND_IN_FILE
from tfx_airflow.serving.clients import connect
from tfx_airflow.serving.operations import block
from tfx_airflow.serving.push import Push
from tfx_airflow.serving.rollback import Outcome, Rollback, choose_version, roll_back
from tfx_contract.deployments import read_events
from tfx_contract.home import Home
from tfx_contract.manifest import GOLDEN_FILE, MANIFEST_FILE, SAVED_MODEL_FOLDER, GoldenAnswers
from tfx_contract.serving_spec import Serving

PROJECT, LOCATION = "taxi-project", "europe-west4"
_CONNECTION = {
    "conn_type": "google_cloud_platform",
    "extra": {"is_anonymous": True, "project": PROJECT},
}
_SECONDS = 60.0
_USERS = 4
T = TypeVar("T")


def serving(project: str = PROJECT, **canary: Any) -> Serving:
    """A model's `serving`, on Vertex AI."""
    place = {"project": project, "location": LOCATION, "serving_image": "tf2-cpu"}
    document = {"target": "vertex_ai", "vertex_ai": place, "canary": canary}
    return Serving.model_validate(document)


class Pusher:
    """The process that pushes."""

    def __init__(self, home: Home, gate: Gate) -> None:
        self.home, self.gate = home, gate
        connection = {"AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(_CONNECTION)}
        variables = gate.environment | connection | {"TFX_AIRFLOW_HOME": str(home.root)}
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, spawn, _enter, (variables,))

    def do(self, function: Callable[..., T], *arguments: Any) -> T:
        """Calls a function there."""
        return self._pool.submit(function, *arguments).result(_SECONDS)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


class VertexModel:
    """A model on Vertex AI, with versions that multiply by their number."""

    def __init__(self, pusher: Pusher, name: str) -> None:
        self.pusher, self.name = pusher, name
        self.versions = pusher.home.versions(name)

    def add(self, version: int, golden_factor: int | None = None, **stand_in: float) -> None:
        """Writes a version, with what differs from a good one."""
        folder = self.versions / str(version)
        (folder / SAVED_MODEL_FOLDER).mkdir(parents=True)
        what = {"factor": version, "fails_beyond": 1e9, "milliseconds": 5.0} | stand_in
        (folder / SAVED_MODEL_FOLDER / STAND_IN_FILE).write_text(json.dumps(what))
        by = golden_factor or version
        golden = {"signature": SIGNATURE, "instances": [1.0, 2.5], "predictions": [by, 2.5 * by]}
        GoldenAnswers.model_validate(golden).write(folder / GOLDEN_FILE)
        manifest_of(self.name, version).write(folder / MANIFEST_FILE)

    def do(self, step: Callable[..., T], version: int, *arguments: Any, **canary: Any) -> T:
        """A step of the push of a version."""
        return self.pusher.do(_step, step, self.name, version, serving(**canary), arguments)

    def roll_back(self) -> Outcome:
        return self.pusher.do(_roll_back, self.name)

    def traffic(self) -> dict[int | None, int]:
        """Per cent by version."""
        state = self.do(_read, 1)
        versions = {each.id: each.version for each in state.deployed}
        return {versions[id]: share for id, share in state.traffic.items()}

    def loaded(self) -> list[int | None]:
        return sorted(each.version or 0 for each in self.do(_read, 1).deployed)

    def events(self, version: int) -> list[str]:
        return [event.happened.value for event in read_events(self.versions, version)]

    @contextmanager
    def traffic_of(self, *values: float) -> Iterator[list[int]]:
        """Users who go on asking; the status codes that they got."""
        codes, stop = list[int](), threading.Event()
        url = f"https://{LOCATION}-aiplatform.googleapis.com/v1/{self.do(_read, 1).name}:rawPredict"

        def ask() -> None:
            session = self._session()
            for value in cycle(values):
                codes.append(session.post(url, json={"instances": [value]}).status_code)
                if stop.wait(0.005):
                    return

        threads = [threading.Thread(target=ask) for _ in range(_USERS)]
        for thread in threads:
            thread.start()
        try:
            yield codes
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _session(self) -> requests.Session:
        session = requests.Session()
        # Else variables of the machine's own go before what is said here.
        session.trust_env = False
        session.verify = str(self.pusher.gate.ca_file)
        session.proxies = {"https": self.pusher.gate.environment["https_proxy"]}
        return session


def _enter(variables: dict[str, str]) -> None:
    os.environ.update(variables)


def _step(step: Any, model: str, version: int, serving: Serving, arguments: tuple[Any]) -> Any:
    home, by = Home.from_environment(), f"{model}__push/of-{version}"
    return step(Push.of_run(model, version, serving, home, by), *arguments)


def _roll_back(model: str) -> Outcome:
    clients = connect(serving())
    home, wait = Home.from_environment(), block(clients)
    rollback = Rollback(model, serving(), home, "somebody", clients, wait)
    return roll_back(rollback, choose_version(rollback, None))


def _read(push: Push) -> Any:
    return push.endpoint.read()
