"""`python -m tfx_endpoint` as a process of its own, and how tests speak to it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.tfx.harness import eventually
from tfx_contract.manifest import GOLDEN_FILE, GoldenAnswers

PARENT = "projects/tests/locations/here"
CLIENTS = 8


class EndpointProcess:
    """A real server on a port of its own, which can be killed and started again."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.arguments = arguments
        self.environment = environment
        self.log = folder / "output.log"
        self.errors = folder / "errors.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client()

    def start(self, ready: bool = True) -> EndpointProcess:
        """Starts it; by default returns when everything is loaded."""
        self.folder.mkdir(parents=True, exist_ok=True)
        dags = self.folder / "dags"
        dags.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "tfx_endpoint", "--folder", str(self.folder / "state")]
        self.process = subprocess.Popen(
            [*command, "--dags", str(dags), "--port", "0", *self.arguments],
            env=os.environ | self.environment,
            stdout=self.log.open("wb"),
            stderr=self.errors.open("ab"),
        )
        eventually(self._is_listening, f"the endpoint listens:\n{self.errors}", 90)
        headers = dict(self.client.headers)
        self.client.close()
        self.client = httpx.Client(base_url=self.address, timeout=60, headers=headers)
        if ready:
            eventually(lambda: self.client.get("/ready").status_code == 200, "it is ready", 90)
        return self

    def _is_listening(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.errors.read_text()
        return b"\n" in self.log.read_bytes()

    @property
    def address(self) -> str:
        with self.log.open() as lines:
            address: str = json.loads(lines.readline())["listening"]
        return address

    def access_lines(self) -> list[dict[str, Any]]:
        """The access log so far."""
        # Not by `splitlines`: a path may hold other characters that end a line for Python.
        return [json.loads(line) for line in self.log.read_text().split("\n")[1:-1]]

    def kill(self) -> None:
        """As the kernel's out-of-memory killer does it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """As an operator does it; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        finally:
            self.client.close()

    def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """A request that must succeed; the JSON of its answer."""
        answer = self.client.request(method, f"/v1/{path}", json=body, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def upload(self, saved_model: Path, name: str = "doubler", **more: Any) -> str:
        """Uploads a version and returns `projects/…/models/M@V`."""
        model = {"displayName": name, "artifactUri": str(saved_model)} | more.pop("model", {})
        operation = self.ok("POST", f"{PARENT}/models:upload", {"model": model, **more})
        return f"{operation['response']['model']}@{operation['response']['modelVersionId']}"

    def create_endpoint(self, name: str = "doubler", **more: Any) -> str:
        """Creates an endpoint and returns its name."""
        body = {"displayName": name, **more}
        operation = self.ok("POST", f"{PARENT}/endpoints", body)
        created: str = operation["response"]["name"]
        return created

    def begin_deploy(self, endpoint: str, model: str, split: dict[str, int] | None = None) -> str:
        """Asks for a deployment and returns its operation's name."""
        body: dict[str, Any] = {"deployedModel": {"model": model}}
        if split:
            body["trafficSplit"] = split
        name: str = self.ok("POST", f"{endpoint}:deployModel", body)["name"]
        return name

    def deploy(self, endpoint: str, model: str, split: dict[str, int] | None = None) -> str:
        """Deploys and returns the deployed model's id."""
        operation = self.wait(self.begin_deploy(endpoint, model, split))
        assert "error" not in operation, operation
        deployed: str = operation["response"]["deployedModel"]["id"]
        return deployed

    def wait(self, operation: str) -> Any:
        """An operation that has ended."""
        ended = self.ok("POST", f"{operation}:wait", {"timeout": "60s"})
        assert ended["done"], ended
        return ended

    def predict(self, endpoint: str, *instances: Any, **headers: str) -> Any:
        """The answer to instances, or to the number 1."""
        body = {"instances": list(instances) or [1.0]}
        return self.ok("POST", f"{endpoint}:predict", body, headers=headers)


def serve(server: EndpointProcess, saved_model: Path, name: str = "doubler") -> tuple[str, str]:
    """One version with all the traffic; the endpoint's name and the deployed model's id."""
    model = server.upload(saved_model, name)
    endpoint = server.create_endpoint(name)
    return endpoint, server.deploy(endpoint, model, {"0": 100})


@contextmanager
def load(server: EndpointProcess, endpoint: str) -> Iterator[Counter[str]]:
    """Clients that ask without a pause; what they were answered."""
    ended, answers = threading.Event(), Counter[str]()

    def ask() -> None:
        with httpx.Client(base_url=server.address, timeout=30) as client:
            while not ended.is_set():
                try:
                    answer = client.post(f"/v1/{endpoint}:predict", json={"instances": [1]})
                    fine = answer.status_code == 200
                    answers[str(answer.json()["predictions"]) if fine else answer.text] += 1
                except httpx.HTTPError as error:
                    answers[repr(error)] += 1

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def slow(saved_model: Path, folder: Path) -> tuple[Path, Path]:
    """A copy of a SavedModel that loads until `release`; the copy, and its golden answers.

    They are a pipe, so that whoever loads the model waits for them.
    """
    copy = folder / "slow" / saved_model.name
    shutil.copytree(saved_model, copy)
    golden = copy.parent / GOLDEN_FILE
    os.mkfifo(golden)
    return copy, golden


def release(golden: Path) -> None:
    """Lets whoever loads a slow model go on; waits until somebody does."""
    answers = GoldenAnswers(signature="serving_default", instances=[1.0], predictions=[2.0])
    golden.write_text(answers.model_dump_json())
