"""What breaks around a served version, as a table; meanwhile clients ask it without a pause.

A push that is killed at one of its steps is in `tests/airflow/test_push_steps.py`, an outage of the
request log in all its kinds in `test_request_logging_faults.py`.
"""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.tfx.endpoint.request_logs import write_model
from tests.tfx.endpoint.saved_models import save_slow
from tests.tfx.endpoint.server import EndpointProcess, load, serve
from tests.tfx.harness import eventually

SavedModels = Callable[[int], Path]

DEAD = "postgresql+pg8000://nobody:secret@127.0.0.1:9/none"


@dataclass(frozen=True)
class Served:
    """A version that doubles numbers, with the folder that it was loaded from."""

    server: EndpointProcess
    endpoint: str
    folder: Path
    model: str

    def fails(self, operation: str, told: str) -> None:
        ended = self.server.wait(operation)
        assert told in ended["error"]["message"]


def corrupt_version(served: Served) -> None:
    """Another version, whose SavedModel is cut off, is deployed to the same endpoint."""
    corrupt = served.folder.with_name("corrupt")
    shutil.copytree(served.folder, corrupt)
    graph = corrupt / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:100])
    uploaded = served.server.upload(corrupt)
    operation = served.server.begin_deploy(served.endpoint, uploaded, {"0": 100})
    served.fails(operation, "cannot be loaded")


def vanished_version(served: Served) -> None:
    """Another version is gone before it is deployed."""
    vanished = served.folder.with_name("vanished")
    shutil.copytree(served.folder, vanished)
    uploaded = served.server.upload(vanished)
    shutil.rmtree(vanished)
    operation = served.server.begin_deploy(served.endpoint, uploaded, {"0": 100})
    served.fails(operation, "vanished")


def deleted_files(served: Served) -> None:
    """The files of the very version that answers are deleted."""
    shutil.rmtree(served.folder)


def deleted_resource(served: Served) -> None:
    """Somebody asks to delete the model that answers."""
    name = served.model.partition("@")[0]
    answer = served.server.client.delete(f"/v1/{name}")
    assert answer.status_code == 400
    assert "deployed" in answer.json()["error"]["message"]


def dead_log(served: Served) -> None:
    """No database of the request log ever answers; what is lost is counted."""
    metrics = served.server.client.get("/metrics").text
    failing = [line for line in metrics.splitlines() if "failing_since" in line][-1]
    assert float(failing.split()[-1]) > 0


def gone_clients(served: Served) -> None:
    """Clients hang up in the middle of their requests, or before the answers."""
    url = httpx.URL(f"{served.server.address}/v1/{served.endpoint}:predict")
    body = json.dumps({"instances": [1] * 5_000})
    request = (
        f"POST {url.path} HTTP/1.1\r\nHost: {url.host}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    for length in (len(request) // 2, len(request)) * 10:
        with socket.create_connection((url.host, url.port)) as client:
            client.sendall(request[:length].encode())


FAULTS = (
    corrupt_version,
    vanished_version,
    deleted_files,
    deleted_resource,
    dead_log,
    gone_clients,
)


@pytest.fixture(scope="module")
def logless(tmp_path_factory: pytest.TempPathFactory) -> EndpointProcess:
    """A server whose request log cannot be written."""
    folder = tmp_path_factory.mktemp("logless")
    write_model(folder / "dags", "logged", sample_rate=1.0)
    server = EndpointProcess(folder, TFX_AIRFLOW_REQUEST_LOG=DEAD).start()
    yield server
    server.stop()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_costs_no_request(
    logless: EndpointProcess,
    saved_models: SavedModels,
    tmp_path: Path,
    fault: Callable[[Served], None],
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(saved_models(2), folder)
    model = logless.upload(folder, "logged")
    endpoint = logless.create_endpoint(fault.__name__)
    logless.deploy(endpoint, model, {"0": 100})
    with load(logless, endpoint) as answers:
        eventually(lambda: answers.total() > 50, "clients are answered")
        fault(Served(logless, endpoint, folder, model))
        before = answers.total()
        eventually(lambda: answers.total() > before + 50, "clients are answered still")
    assert set(answers) == {"[2.0]"}


def test_after_a_kill_it_serves_what_is_there_and_says_what_is_not(
    endpoint_process: Callable[..., EndpointProcess], saved_models: SavedModels, tmp_path: Path
) -> None:
    server = endpoint_process().start()
    folder = tmp_path / "model"
    shutil.copytree(saved_models(3), folder)
    lost, _ = serve(server, folder, "lost")
    kept, _ = serve(server, saved_models(2), "kept")
    server.kill()
    shutil.rmtree(folder)
    server.start()
    assert server.predict(kept, 1)["predictions"] == [2.0]
    answer = server.client.post(f"/v1/{lost}:predict", json={"instances": [1]})
    assert (answer.status_code, answer.json()["error"]["status"]) == (503, "UNAVAILABLE")
    assert str(folder) in answer.json()["error"]["message"]
    deployed = server.client.get("/ready").json()["deployedModels"]
    assert {one["model"]: one["state"] for one in deployed} == {"lost": "FAILED", "kept": "READY"}


def test_a_full_queue_and_a_deadline_are_told_and_then_it_is_as_before(
    endpoint_process: Callable[..., EndpointProcess], tmp_path: Path
) -> None:
    server = endpoint_process(TFX_AIRFLOW_ENDPOINT_MAX_QUEUED_REQUESTS="2").start()
    endpoint, _ = serve(server, save_slow(tmp_path), "slow")

    def ask(seconds: float, timeout_ms: int = 30_000) -> httpx.Response:
        headers = {"X-Request-Timeout-Ms": str(timeout_ms)}
        body = {"instances": [seconds]}
        return httpx.post(f"{server.address}/v1/{endpoint}:predict", json=body, headers=headers)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, [0.5] * 12))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert 0 < len(refused) < 12
    for answer in refused:
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert answer.json()["error"]["status"] == "RESOURCE_EXHAUSTED"

    late = ask(1.0, timeout_ms=100)
    assert (late.status_code, late.json()["error"]["status"]) == (504, "DEADLINE_EXCEEDED")
    assert ask(0).json()["predictions"] == [0.0]
