"""What is refused, how it is told, and what is logged."""

from __future__ import annotations

import http.client
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.tfx.endpoint.server import PARENT, EndpointProcess, serve
from tests.tfx.harness import eventually

SavedModels = Callable[[int], Path]


@pytest.fixture(scope="module")
def endpoint(server: EndpointProcess, saved_models: SavedModels) -> str:
    return serve(server, saved_models(2), "requests")[0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the body is not JSON"),
        (b"{}", "must have 'instances'"),
        (b"not json", "the body is not JSON"),
        (b"[1]", "must be a JSON object, not an array"),
        (b'{"instances": [NaN]}', "the body is not JSON"),
        (b'{"instances": [1e999]}', ""),
        (b'{"instances": "1"}', "'instances' must be an array"),
        (b'{"instances": {"x": 1}}', "'instances' must be an array"),
        (b'{"instances": []}', ""),
        (b'{"instances": [[1]]}', "instances[0]"),
        (b'{"instances": [1, "two"]}', "instances[1]: feature 'x'"),
        (b'{"instances": [{"y": 1}]}', 'no feature "y"; it has x'),
        (b'{"rows": [1]}', "unknown field 'rows'"),
        (b'{"instances": [1], "parameters": {"top_k": 1}}', "unknown parameter 'top_k'"),
        (b'{"instances": [1], "parameters": []}', "'parameters' must be an object"),
        (b'{"instances": [1], "signature_name": 1}', "must be one string"),
        (b'{"instances": [1], "signature_name": "no"}', "no signature 'no'"),
        (b'{"instances": [{"text": "a"}], "signature_name": "columns"}', "'a'"),
        (b'{"instances": [' + b"[" * 2_000 + b"]" * 2_000 + b"]}", ""),
        ('{"instances": ["\ud800"]}'.encode("utf-8", "surrogatepass"), "the body is not JSON"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(
    server: EndpointProcess, endpoint: str, body: bytes, reason: str
) -> None:
    answer = server.client.post(f"/v1/{endpoint}:predict", content=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert reason in error["message"]
    assert "Traceback" not in answer.text
    assert server.predict(endpoint, 1)["predictions"] == [2.0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", f"/v1/{PARENT}/endpoints/17", 404),
        ("POST", f"/v1/{PARENT}/endpoints/17:predict", 404),
        ("GET", f"/v1/{PARENT}/endpoints/17:predict", 405),
        ("PUT", f"/v1/{PARENT}/endpoints", 405),
        ("GET", f"/v1/{PARENT}/operations/17", 404),
        ("POST", "/health", 405),
    ],
)
def test_what_is_not_there_is_told_in_googles_shape(
    server: EndpointProcess, method: str, path: str, status: int
) -> None:
    body = {"instances": [1]} if method == "POST" else None
    answer = server.client.request(method, path, json=body)
    assert answer.status_code == answer.json()["error"]["code"] == status


def test_the_signature_is_chosen_at_the_top_or_among_the_parameters(
    server: EndpointProcess, endpoint: str
) -> None:
    row = {"a": 3, "text": "four"}
    for choice in ({"signature_name": "columns"}, {"parameters": {"signature_name": "columns"}}):
        answer = server.ok("POST", f"{endpoint}:predict", {"instances": [row], **choice})
        assert answer["predictions"] == [{"product": 6.0, "length": 4}]
        assert answer["metadata"]["signature"] == "columns"


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "soon"])
def test_a_timeout_is_a_whole_number(server: EndpointProcess, endpoint: str, text: str) -> None:
    headers = {"X-Request-Timeout-Ms": text}
    path = f"/v1/{endpoint}:predict"
    answer = server.client.post(path, json={"instances": [1]}, headers=headers)
    assert answer.status_code == 400
    assert "X-Request-Timeout-Ms" in answer.json()["error"]["message"]


def test_each_request_has_a_line_in_the_log(server: EndpointProcess, endpoint: str) -> None:
    answer = server.client.post(f"/v1/{endpoint}:predict", json={"instances": [1, 2]})
    request_id = int(answer.headers["X-Request-Id"])
    assert answer.json()["metadata"]["request_id"] == str(request_id)

    def line() -> Any:
        lines = server.access_lines()
        return next((one for one in lines if one.get("request_id") == request_id), None)

    logged = eventually(line, "the request is logged", 10)
    assert (logged["method"], logged["status"], logged["instances"]) == ("POST", 200, 2)
    assert logged["deployed_model"] == answer.json()["deployedModelId"]
    assert logged["signature"] == "serving_default"
    assert logged["bytes"] == len(answer.content)


def test_tokens_and_limits_hold(endpoint_process: Callable[..., EndpointProcess]) -> None:
    """Without a model, so that the process is up soon."""
    server = endpoint_process(
        "--host", "0.0.0.0", TFX_AIRFLOW_ENDPOINT_MAX_REQUEST_BYTES="1000"
    ).start(ready=False)
    token_file = server.folder / "state" / "token"
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert str(token_file) in server.errors.read_text()
    list_path = f"/v1/{PARENT}/endpoints"
    token = token_file.read_text().strip()
    for wrong in ({}, {"Authorization": "Bearer no"}, {"Authorization": token}):
        answer = server.client.get(list_path, headers=wrong)
        assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert server.client.get("/metrics").status_code == 401
    assert (
        server.client.get("/health").status_code == server.client.get("/ready").status_code == 200
    )
    server.client.headers["Authorization"] = f"Bearer {token}"
    assert server.client.get(list_path).status_code == 200

    path = f"{list_path}/17:predict"
    body = json.dumps({"instances": [1] * 1_000}).encode()
    told = server.client.post(path, content=body)
    untold = server.client.post(path, content=iter([body[:500], body[500:]]))
    for answer in (told, untold):
        assert answer.status_code == answer.json()["error"]["code"] == 413
        assert "at most 1000 are read" in answer.json()["error"]["message"]


def test_a_body_that_breaks_off_disturbs_nobody(server: EndpointProcess, endpoint: str) -> None:
    parts = urlsplit(server.address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.putrequest("POST", f"/v1/{endpoint}:predict")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b'{"instances": [1')
    connection.close()
    assert server.predict(endpoint, 1)["predictions"] == [2.0]
