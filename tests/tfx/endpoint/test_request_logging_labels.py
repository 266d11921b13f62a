"""Ground truth that comes late, over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from tests.tfx.endpoint.request_logs import (
    ENDPOINT,
    logger_in,
    served,
    wait_until,
    write_model,
)
from tfx_endpoint.request_logging import RequestLogger, ground_truth_routes

PATH = f"/v1/{ENDPOINT}:groundtruth"


@pytest.fixture
def logger(tmp_path: Path) -> Iterator[RequestLogger]:
    write_model(tmp_path / "dags")
    with logger_in(tmp_path, flush_seconds=0.5) as logger:
        yield logger


@contextmanager
def serving(logger: RequestLogger) -> Iterator[httpx.Client]:
    """A client of a real server on a socket."""
    app = Starlette(routes=ground_truth_routes(logger))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client
    server.should_exit = True
    thread.join()


@pytest.fixture
def client(logger: RequestLogger) -> Iterator[httpx.Client]:
    with serving(logger) as client:
        yield client


def entries(*labels: tuple[object, object]) -> dict[str, Any]:
    return {"groundtruth": [{"requestId": str(id_), "value": value} for id_, value in labels]}


def test_a_label_reaches_a_request_that_is_not_even_written_yet(
    logger: RequestLogger, client: httpx.Client
) -> None:
    one, two = served(), served(instances=[{"x": 1}, {"x": 2}], predictions=[1, 2])
    logger(one)
    logger(two)
    labels = entries((one.request_id, 1), (two.request_id, ["a", "b"]), (2**63 - 1, 0))
    answer = client.post(PATH, json=labels)
    assert answer.status_code == 200
    assert answer.json() == {"updated": 2, "unknown": [str(2**63 - 1)]}
    assert logger.log.get(one.request_id)[0].groundtruth == [1]
    assert logger.log.get(two.request_id)[0].groundtruth == ["a", "b"]


def test_requests_of_another_endpoint_are_unknown(
    logger: RequestLogger, client: httpx.Client
) -> None:
    other = served(endpoint=ENDPOINT.replace("endpoints/1", "endpoints/2"))
    logger(other)
    answer = client.post(PATH, json=entries((other.request_id, 1)))
    assert answer.json() == {"updated": 0, "unknown": [str(other.request_id)]}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("{", "The body is not JSON"),
        ('{"groundtruth": [{"requestId": "1", "value": NaN}]}', "The body is not JSON"),
        ("[]", "The body must be"),
        ('{"groundtruth": {}}', "The body must be"),
        ('{"groundtruth": [], "model": "x"}', "The body must be"),
        ('{"groundtruth": [3]}', "groundtruth[0] must be an object of"),
        ('{"groundtruth": [{"requestId": "1"}]}', "groundtruth[0] must be an object of"),
        ('{"groundtruth": [{"requestId": "x1", "value": 1}]}', "groundtruth[0].requestId is 'x1'"),
        ('{"groundtruth": [{"requestId": 0, "value": 1}]}', "groundtruth[0].requestId is '0'"),
        ('{"groundtruth": [{"requestId": true, "value": 1}]}', "requestId is 'True'"),
        ('{"groundtruth": [{"requestId": "1", "value": null}]}', "groundtruth[0].value is null"),
    ],
)
def test_a_wrong_body_is_400_and_says_what_is_wrong(
    client: httpx.Client, body: str, complaint: str
) -> None:
    answer = client.post(PATH, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert complaint in answer.json()["error"]["message"]


def test_an_id_that_comes_twice_is_400(client: httpx.Client) -> None:
    answer = client.post(PATH, json=entries((5, 1), (5, 0)))
    assert "groundtruth[1]: request 5 stands there before" in answer.json()["error"]["message"]


def test_a_label_that_does_not_fit_is_400_and_stores_none(
    logger: RequestLogger, client: httpx.Client
) -> None:
    one = served()
    logger(one)
    answer = client.post(PATH, json=entries((one.request_id, [1, 2])))
    assert answer.status_code == 400
    assert "the request has 1 instance;" in answer.json()["error"]["message"]
    assert logger.log.get(one.request_id)[0].groundtruth is None


def test_a_dead_database_is_503_without_its_secrets(tmp_path: Path) -> None:
    write_model(tmp_path / "dags")
    with logger_in(tmp_path, "postgresql+pg8000://u:secret@127.0.0.1:9/x") as logger:
        logger(served())
        wait_until(lambda: logger.failing_since)
        with serving(logger) as client:
            answer = client.post(PATH, json=entries((1, 1)))
        assert answer.status_code == 503
        assert answer.json()["error"]["status"] == "UNAVAILABLE"
        assert "secret" not in answer.text
        logger.close(timeout=1)
