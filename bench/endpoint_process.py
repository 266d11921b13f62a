"""An endpoint in a process of its own that serves one version, asked over its public API."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from bench.training import MODEL
from tfx_airflow.command import tfx_environment
from tfx_airflow.deployment.ports import HOST, free_port
from tfx_contract.home import PROJECT_ROOT, tfx_python
from tfx_contract.manifest import SAVED_MODEL_FOLDER

_PARENT = "/v1/projects/local/locations/local"
_START_SECONDS = 60


class EndpointProcess:
    """What the measurements ask of it."""

    def __init__(self, address: str, version: Path) -> None:
        self._http = httpx.Client(base_url=address, timeout=120)
        self._saved_model = str(version / SAVED_MODEL_FOLDER)
        self._address = address
        self._endpoint = ""
        self._deployed = ""

    @property
    def raw_predict(self) -> str:
        """The address that requests go to."""
        return f"{self._address}/v1/{self._endpoint}:rawPredict"

    def deploy_first(self) -> None:
        """Has the version take all of the traffic."""
        self._until_up()
        endpoint = self._post(f"{_PARENT}/endpoints", {"displayName": MODEL})
        self._endpoint = endpoint["name"]
        self._deployed = self._deploy({"0": 100})

    def switch(self) -> None:
        """Has the same model take over as another version, and undeploys the first."""
        before, self._deployed = self._deployed, self._deploy({"0": 0, self._deployed: 100})
        split = {"trafficSplit": {self._deployed: 100}}
        answer = self._http.patch(f"/v1/{self._endpoint}?updateMask=trafficSplit", json=split)
        answer.raise_for_status()
        self._post(f"/v1/{self._endpoint}:undeployModel", {"deployedModelId": before})

    def _deploy(self, split: dict[str, int]) -> str:
        model = {"displayName": MODEL, "artifactUri": self._saved_model}
        uploaded = self._post(f"{_PARENT}/models:upload", {"model": model})
        wanted = {"deployedModel": {"model": uploaded["model"]}, "trafficSplit": split}
        deployed: str = self._post(f"/v1/{self._endpoint}:deployModel", wanted)["deployedModel"][
            "id"
        ]
        return deployed

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The response of the long-running operation that a request begins."""
        operation = self._http.post(path, json=body).raise_for_status().json()
        while not operation.get("done"):
            wait = self._http.post(f"/v1/{operation['name']}:wait", json={})
            operation = wait.raise_for_status().json()
        if "error" in operation:
            raise RuntimeError(f"{path}: {operation['error']}")
        response: dict[str, Any] = operation["response"]
        return response

    def _until_up(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._http.get("/health").raise_for_status()
                return
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


@contextmanager
def endpoint_process(folder: Path, version: Path, sample_rate: float) -> Iterator[EndpointProcess]:
    """A server with state, models' rules and a log of its own.

    Args:
      folder: What it may write to.
      version: The version that it serves.
      sample_rate: Share of the requests that it logs.
    """
    port = free_port()
    command = [str(tfx_python()), "-m", "tfx_endpoint", "--folder", str(folder / "state")]
    command += ["--dags", str(_rules(folder / "dags", sample_rate)), "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=PROJECT_ROOT, env=tfx_environment(), stdout=log, stderr=log
        )
    try:
        endpoint = EndpointProcess(f"http://{HOST}:{port}", version)
        endpoint.deploy_first()
        yield endpoint
    finally:
        process.terminate()
        process.wait()


def _rules(dags: Path, sample_rate: float) -> Path:
    """The model's folder, with another sample rate."""
    shutil.copytree(PROJECT_ROOT / "dags" / MODEL, dags / MODEL)
    path = dags / MODEL / "model.yaml"
    spec = yaml.safe_load(path.read_text())
    spec["serving"]["log"]["sample_rate"] = sample_rate
    path.write_text(yaml.safe_dump(spec))
    return dags
