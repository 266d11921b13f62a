"""The embedded endpoint as a process of its own, and a model whose versions go there."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tfx_airflow.serving.clients import ADDRESS_FILE, Clients, EndpointAddress, connect
from tfx_airflow.serving.operations import block
from tfx_airflow.serving.push import Push
from tfx_airflow.serving.rollback import Rollback
from tfx_contract.compiled import CodeOrigin
from tfx_contract.deployments import read_events
from tfx_contract.home import PROJECT_ROOT, Home
from tfx_contract.manifest import (
    GOLDEN_FILE,
    MANIFEST_FILE,
    SAVED_MODEL_FOLDER,
    GoldenAnswers,
    SignatureShape,
    TensorShape,
    VersionManifest,
)
from tfx_contract.node import Run
from tfx_contract.serving_spec import Serving

TFX_PYTHON = PROJECT_ROOT / ".venv-tfx" / "bin" / "python"
SIGNATURE = "serving_default"
_START_SECONDS = 120.0


def make_saved_models(folder: Path) -> Path:
    """SavedModels, made by the TFX environment."""
    script = Path(__file__).with_name("make_saved_models.py")
    subprocess.run([TFX_PYTHON, script, folder], check=True, capture_output=True)
    return folder


class EndpointProcess:
    """A real server that can be killed and started again, with what it knew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.address = ""

    def start(self) -> EndpointProcess:
        """Starts it, and returns when it is ready."""
        (self.folder / "dags").mkdir(parents=True, exist_ok=True)
        log = self.folder / "output.log"
        port = self.address.rpartition(":")[2] or "0"
        arguments = ["--folder", self.folder / "state", "--dags", self.folder / "dags"]
        self.process = subprocess.Popen(
            [TFX_PYTHON, "-m", "tfx_endpoint", *arguments, "--port", port],
            cwd=PROJECT_ROOT,
            stdout=log.open("wb"),
            stderr=(self.folder / "errors.log").open("ab"),
        )
        eventually(lambda: b"\n" in log.read_bytes(), "the endpoint listens")
        self.address = json.loads(log.read_text().splitlines()[0])["listening"]
        eventually(lambda: requests.get(f"{self.address}/ready", timeout=5).ok, "it is ready")
        return self

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


class Model:
    """A served model with versions that are written by hand."""

    def __init__(self, home: Home, name: str, saved_models: Path) -> None:
        self.home, self.name, self.saved_models = home, name, saved_models
        self.clients: Clients = connect(Serving(), home)

    @property
    def versions(self) -> Path:
        return self.home.versions(self.name)

    def add(
        self,
        version: int,
        factor: int | str | None = None,
        golden_factor: float | None = None,
        inputs: dict[str, TensorShape] | None = None,
    ) -> Path:
        """Writes a version; by default it multiplies by its number, and its golden answers say so.

        Args:
          version: Its number.
          factor: The SavedModel.
          golden_factor: What the golden answers say instead.
          inputs: What its signature takes; the manifest alone says so.
        """
        factor = version if factor is None else factor
        folder = self.versions / str(version)
        shutil.copytree(self.saved_models / str(factor), folder / SAVED_MODEL_FOLDER)
        by = golden_factor or (factor if isinstance(factor, int) else 2)
        golden = GoldenAnswers(
            signature=SIGNATURE, instances=[1.0, 2.5], predictions=[by, 2.5 * by]
        )
        golden.write(folder / GOLDEN_FILE)
        manifest_of(self.name, version, inputs).write(folder / MANIFEST_FILE)
        return folder

    def push(self, version: int, run: str = "run", **serving: Any) -> Push:
        """The push of a version by a run; waiting blocks."""
        wait = block(self.clients)
        spec = Serving.model_validate(serving)
        by = f"{self.name}__push/{run}"
        return Push(self.name, version, spec, self.home, by, self.clients, wait)

    def rollback(self, by: str = "somebody: tfx-airflow rollback") -> Rollback:
        return Rollback(self.name, Serving(), self.home, by, self.clients, block(self.clients))

    def events(self, version: int) -> list[str]:
        """What happened to a version, the oldest first."""
        return [event.happened.value for event in read_events(self.versions, version)]

    def traffic(self) -> dict[int | None, int]:
        """Per cent by version."""
        state = self.push(1).endpoint.read()
        versions = {each.id: each.version for each in state.deployed}
        return {versions[id]: share for id, share in state.traffic.items()}

    def loaded(self) -> list[int | None]:
        """The versions that are deployed."""
        return sorted(each.version or 0 for each in self.push(1).endpoint.read().deployed)

    def ask(self, value: float = 1.0) -> requests.Response:
        """A user's request."""
        endpoint = self.push(1).endpoint.read().name
        url = self.clients.url(endpoint, "predict")
        return requests.post(url, json={"instances": [value]}, timeout=30)

    def answer(self) -> float:
        """What a user gets for 1."""
        found: float = self.ask().json()["predictions"][0]
        return found

    @contextmanager
    def traffic_of(self, value: float = 1.0) -> Iterator[list[int]]:
        """Users who go on asking; the status codes that they got."""
        codes: list[int] = []
        stop = threading.Event()
        endpoint = self.push(1).endpoint.read().name
        url = self.clients.url(endpoint, "predict")

        def ask() -> None:
            session = requests.Session()
            while not stop.wait(0.002):
                codes.append(session.post(url, json={"instances": [value]}).status_code)

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield codes
        finally:
            stop.set()
            thread.join()


def manifest_of(
    model: str, version: int, inputs: dict[str, TensorShape] | None = None
) -> VersionManifest:
    """A manifest without anything that serving has no use for."""
    inputs = inputs or {"x": TensorShape(dtype="float32", shape=[None])}
    outputs = {"y": TensorShape(dtype="float32", shape=[None])}
    return VersionManifest(
        model=model,
        version=version,
        model_fingerprint=f"{version:064x}",
        created_at="2026-11-01T00:00:00+00:00",
        run=Run(dag_id=model, run_id=f"manual__{version}"),
        pipeline_digest="aaaa1111",
        modules_digest="m",
        origin=CodeOrigin(),
        data=[],
        artifacts={},
        executions={},
        hyperparameters={},
        parameters={},
        metrics=[],
        signatures=[SIGNATURE],
        signature_shapes={SIGNATURE: SignatureShape(inputs=inputs, outputs=outputs)},
    )


def point_at(home: Home, address: str) -> None:
    """Has a home find the endpoint."""
    EndpointAddress(address=address).write(home.endpoint / ADDRESS_FILE)


def eventually(holds: Any, what: str, seconds: float = _START_SECONDS) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except (OSError, requests.RequestException):
            pass
        assert time.monotonic() < deadline, f"after {seconds:.0f} s not yet: {what}"
        time.sleep(0.1)
