"""TensorFlow Serving's REST interface."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tfx.endpoint.server import EndpointProcess


@pytest.fixture(scope="module")
def served(server: EndpointProcess, saved_models: Callable[[int], Path]) -> EndpointProcess:
    """Two versions of the model `tfs`: 7 has all the traffic, 8 none."""
    old = server.upload(saved_models(2), "tfs", model={"versionAliases": ["v7", "stable"]})
    parent = old.partition("@")[0]
    new = server.upload(
        saved_models(3), "tfs", model={"versionAliases": ["v8"]}, parentModel=parent
    )
    endpoint = server.create_endpoint("tfs")
    server.deploy(endpoint, old, {"0": 100})
    server.deploy(endpoint, new)
    return server


def ask(server: EndpointProcess, path: str, body: Any = None) -> tuple[int, Any]:
    method = "GET" if body is None else "POST"
    answer = server.client.request(method, f"/v1/models/{path}", json=body)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("path", "factor"),
    [
        ("tfs", 2.0),
        ("tfs/versions/7", 2.0),
        ("tfs/versions/8", 3.0),
        ("tfs/labels/stable", 2.0),
        ("tfs/labels/v8", 3.0),
    ],
)
def test_a_version_or_the_traffic_split_says_who_answers(
    served: EndpointProcess, path: str, factor: float
) -> None:
    assert ask(served, f"{path}:predict", {"instances": [1, 2]}) == (
        200,
        {"predictions": [factor, 2 * factor]},
    )


def test_rows_and_columns_are_answered_in_kind(served: EndpointProcess) -> None:
    rows = {"signature_name": "columns", "instances": [{"a": 1, "text": "x"}]}
    assert ask(served, "tfs:predict", rows) == (
        200,
        {"predictions": [{"product": 2.0, "length": 1}]},
    )
    columns = {"signature_name": "columns", "inputs": {"a": [1, 2], "text": ["x", "yy"]}}
    assert ask(served, "tfs:predict", columns) == (
        200,
        {"outputs": {"product": [2.0, 4.0], "length": [1, 2]}},
    )


def test_the_status_lists_versions_with_their_states(served: EndpointProcess) -> None:
    status, content = ask(served, "tfs")
    assert status == 200
    fine = {"error_code": "OK", "error_message": ""}
    assert content["model_version_status"] == [
        {"version": number, "state": "AVAILABLE", "status": fine} for number in ("8", "7")
    ]
    assert len(ask(served, "tfs/versions/7")[1]["model_version_status"]) == 1


def test_the_metadata_holds_the_signatures(served: EndpointProcess) -> None:
    _, content = ask(served, "tfs/versions/8/metadata")
    assert content["model_spec"] == {"name": "tfs", "signature_name": "", "version": "8"}
    signatures = content["metadata"]["signature_def"]["signature_def"]
    assert signatures["columns"]["inputs"]["text"]["dtype"] == "DT_STRING"


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        ("nobody:predict", {"instances": [1]}, 404, "no endpoint has the display name"),
        ("tfs/versions/9:predict", {"instances": [1]}, 404, "of 'tfs' there is: 7, 8"),
        ("tfs:predict", {"instances": [1], "signature_name": "no"}, 400, "no signature 'no'"),
        ("tfs:predict", {"instances": [1], "inputs": [1]}, 400, "not both"),
        ("tfs:predict", {"rows": [1]}, 400, "unknown field 'rows'"),
        ("tfs:classify", {"examples": [{}]}, 501, "use ':predict'"),
        ("tfs:regress", {"examples": [{}]}, 501, "use ':predict'"),
        ("tfs:predict", None, 405, "answers POST, not GET"),
    ],
)
def test_errors_have_tf_servings_shape(
    served: EndpointProcess, path: str, body: Any, status: int, reason: str
) -> None:
    found, content = ask(served, path, body)
    assert found == status
    assert set(content) == {"error"}
    assert reason in content["error"]
