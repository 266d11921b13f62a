"""Models, endpoints and operations, where Google's clients do not look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tfx.endpoint.server import PARENT, EndpointProcess, release, serve, slow
from tests.tfx.harness import eventually

SavedModels = Callable[[int], Path]


def error(server: EndpointProcess, method: str, path: str, body: Any = None) -> tuple[int, str]:
    answer = server.client.request(method, f"/v1/{path}", json=body)
    assert answer.headers["content-type"] == "application/json"
    content = answer.json()["error"]
    assert content["code"] == answer.status_code
    return answer.status_code, content["message"]


def test_an_artifact_must_be_a_saved_model_on_this_machine(
    server: EndpointProcess, tmp_path: Path
) -> None:
    for uri, reason in {
        "": "artifactUri is missing",
        "s3://bucket/model": "local paths and file://",
        "gs://bucket/../other/model": "leads out of its bucket",
        "gs://bucket/model": "no saved_model.pb there",
        "relative/model": "absolute",
        str(tmp_path): "no saved_model.pb there",
    }.items():
        body = {"model": {"displayName": "x", "artifactUri": uri}}
        status, message = error(server, "POST", f"{PARENT}/models:upload", body)
        assert status == 400
        assert reason in message


def test_unknown_fields_and_masks_are_refused_by_name(server: EndpointProcess) -> None:
    endpoint = server.create_endpoint("strict")
    cases: list[tuple[str, str, Any, str]] = [
        ("POST", f"{PARENT}/endpoints", {"displayNam": "x"}, "displayNam"),
        ("POST", f"{PARENT}/endpoints", {"displayName": 7}, "displayName"),
        ("POST", f"{PARENT}/endpoints", {}, "displayName must have 1 to 128"),
        ("PATCH", endpoint, {"labels": {}}, "updateMask is missing"),
        ("PATCH", f"{endpoint}?updateMask=network", {}, "'network' cannot be changed"),
        ("GET", f"{PARENT}/endpoints?filter=size>3", None, "filter 'size>3' is not understood"),
        ("GET", f"{PARENT}/endpoints?orderBy=size", None, "orderBy 'size'"),
    ]
    for method, path, body, reason in cases:
        status, message = error(server, method, path, body)
        assert (status, reason in message) == (400, True), message


def test_lists_are_filtered_and_paged(server: EndpointProcess) -> None:
    names = [server.create_endpoint(f"listed-{n}", labels={"set": "listed"}) for n in range(3)]
    query = f"{PARENT}/endpoints?filter=labels.set%3D%22listed%22"
    first = server.ok("GET", f"{query}&pageSize=2")
    second = server.ok("GET", f"{query}&pageSize=2&pageToken={first['nextPageToken']}")
    listed = [one["name"] for one in (*first["endpoints"], *second["endpoints"])]
    assert listed == names[::-1]
    by_name = server.ok("GET", f'{PARENT}/endpoints?filter=display_name="listed-1"')
    assert [one["name"] for one in by_name["endpoints"]] == [names[1]]


def test_a_traffic_split_names_deployed_models_and_adds_up(
    server: EndpointProcess, saved_models: SavedModels
) -> None:
    endpoint, deployed = serve(server, saved_models(2), "split")
    for split, reason in [
        ({deployed: 90}, "must add up to 100, not 90"),
        ({"12": 100}, "there is no deployed model '12'"),
        ({deployed: 150}, "must be 0 to 100, not 150"),
    ]:
        body = {"trafficSplit": split}
        status, message = error(server, "PATCH", f"{endpoint}?updateMask=trafficSplit", body)
        assert (status, reason in message) == (400, True), message
    model = server.ok("GET", endpoint)["deployedModels"][0]["model"]
    body = {"deployedModel": {"model": model}, "trafficSplit": {"0": 50}}
    assert error(server, "POST", f"{endpoint}:deployModel", body)[0] == 400
    assert server.predict(endpoint, 1)["predictions"] == [2.0]


def test_every_change_of_an_endpoint_changes_its_etag(
    server: EndpointProcess, saved_models: SavedModels
) -> None:
    endpoint = server.create_endpoint("etags")
    etags = [server.ok("GET", endpoint)["etag"]]
    deployed = server.deploy(endpoint, server.upload(saved_models(2)), {"0": 100})
    etags.append(server.ok("GET", endpoint)["etag"])
    body = {"labels": {"owner": "a"}, "etag": etags[-1]}
    etags.append(server.ok("PATCH", f"{endpoint}?updateMask=labels", body)["etag"])
    server.ok("POST", f"{endpoint}:undeployModel", {"deployedModelId": deployed})
    etags.append(server.ok("GET", endpoint)["etag"])
    assert len(set(etags)) == 4
    status, message = error(server, "PATCH", f"{endpoint}?updateMask=labels", body)
    assert (status, etags[-1] in message) == (409, True)
    assert server.ok("GET", endpoint)["labels"] == {"owner": "a"}


def test_a_model_that_cannot_be_loaded_fails_its_operation_and_changes_nothing(
    server: EndpointProcess, saved_models: SavedModels, tmp_path: Path
) -> None:
    endpoint, _ = serve(server, saved_models(2), "corrupt")
    before = server.ok("GET", endpoint)
    (tmp_path / "saved_model.pb").write_bytes(b"no protocol buffer")
    operation = server.begin_deploy(endpoint, server.upload(tmp_path), {"0": 100})
    ended = server.wait(operation)
    assert ended["error"]["code"] == 9
    assert "cannot be loaded" in ended["error"]["message"]
    assert server.ok("GET", endpoint) == before
    assert server.predict(endpoint, 1)["predictions"] == [2.0]


def test_a_deployment_can_be_cancelled_while_it_loads(
    server: EndpointProcess, saved_models: SavedModels, tmp_path: Path
) -> None:
    copy, golden = slow(saved_models(2), tmp_path)
    endpoint = server.create_endpoint("cancelled")
    operation = server.begin_deploy(endpoint, server.upload(copy), {"0": 100})
    assert "done" not in server.ok("POST", f"{operation}:wait", {"timeout": "0.2s"})
    server.ok("POST", f"{operation}:cancel")
    assert server.wait(operation)["error"]["code"] == 1
    release(golden)
    assert "deployedModels" not in server.ok("GET", endpoint)
    listed = server.ok("GET", f"{endpoint}/operations?filter=done=true")["operations"]
    assert operation in [one["name"] for one in listed]


def test_a_deployment_does_not_undo_a_rollback_that_came_first(
    server: EndpointProcess, saved_models: SavedModels, tmp_path: Path
) -> None:
    endpoint, old = serve(server, saved_models(2), "preempted")
    other = server.deploy(endpoint, server.upload(saved_models(3)))
    copy, golden = slow(saved_models(2), tmp_path)
    waiting = server.begin_deploy(endpoint, server.upload(copy), {old: 90, "0": 10})
    body = {"trafficSplit": {other: 100}}
    server.ok("PATCH", f"{endpoint}?updateMask=trafficSplit", body)
    release(golden)
    ended = server.wait(waiting)
    assert ended["error"]["code"] == 10
    assert "was changed while the model was loaded" in ended["error"]["message"]
    assert server.ok("GET", endpoint)["trafficSplit"] == {other: 100}


@pytest.mark.parametrize("where", ["header", "query"])
def test_a_deployed_model_without_traffic_can_be_asked_by_its_id(
    server: EndpointProcess, saved_models: SavedModels, where: str
) -> None:
    endpoint, _ = serve(server, saved_models(2), "smoke")
    canary = server.deploy(endpoint, server.upload(saved_models(3)))
    assert server.predict(endpoint, 1)["predictions"] == [2.0]
    if where == "header":
        answer = server.predict(endpoint, 1, **{"X-Deployed-Model-Id": canary})
    else:
        path = f"{endpoint}:predict?deployedModelId={canary}"
        answer = server.ok("POST", path, {"instances": [1]})
    assert answer["predictions"] == [3.0]
    assert answer["deployedModelId"] == canary


def test_an_undeployed_model_needs_no_traffic_or_a_split_without_it(
    server: EndpointProcess, saved_models: SavedModels
) -> None:
    endpoint, old = serve(server, saved_models(2), "leaving")
    new = server.deploy(endpoint, server.upload(saved_models(3)), {"0": 40, old: 60})
    path = f"{endpoint}:undeployModel"
    status, message = error(server, "POST", path, {"deployedModelId": old})
    assert (status, "60 % of the traffic" in message) == (400, True)
    server.ok("POST", path, {"deployedModelId": old, "trafficSplit": {new: 100}})
    assert server.predict(endpoint, 1)["predictions"] == [3.0]
    server.ok("POST", path, {"deployedModelId": new})
    status, message = error(server, "POST", f"{endpoint}:predict", {"instances": [1]})
    assert (status, "no deployed model" in message) == (400, True)


def test_a_shadow_gets_a_copy_of_each_request_and_nobody_gets_its_answer(
    server: EndpointProcess, saved_models: SavedModels
) -> None:
    endpoint, live = serve(server, saved_models(2), "shadowed")
    shadow = server.deploy(endpoint, server.upload(saved_models(3)))
    wrong = {"labels": {"shadow": "17"}}
    assert error(server, "PATCH", f"{endpoint}?updateMask=labels", wrong)[0] == 400
    server.ok("PATCH", f"{endpoint}?updateMask=labels", {"labels": {"shadow": shadow}})
    for n in range(20):
        assert server.predict(endpoint, n)["deployedModelId"] == live

    def counted() -> bool:
        counters = server.ok("GET", f"{endpoint}:counters")["deployedModels"]
        return bool(counters[shadow]["requests"] == counters[live]["requests"] == 20)

    eventually(counted, "the shadow was asked as often", 10)


def test_counters_tell_errors_from_callers_mistakes(
    server: EndpointProcess, saved_models: SavedModels
) -> None:
    endpoint, deployed = serve(server, saved_models(2), "counted")
    for _ in range(3):
        server.predict(endpoint, 1, 2)
    error(server, "POST", f"{endpoint}:predict", {"instances": ["text"]})
    counters = server.ok("GET", f"{endpoint}:counters")["deployedModels"][deployed]
    assert (counters["requests"], counters["errors"], counters["rejected"]) == (4, 0, 1)
    assert counters["predictions"] == 6
    assert sum(counters["histogram"]["counts"]) == 3
    assert 0 < counters["latency_ms"]["p50"] <= counters["latency_ms"]["p99"]
    metrics = server.client.get("/metrics").text
    assert f'deployed_model="{deployed}",endpoint="{endpoint}"' in metrics


def test_explanations_are_not_offered(server: EndpointProcess) -> None:
    endpoint = server.create_endpoint("explained")
    assert error(server, "POST", f"{endpoint}:explain", {"instances": [1]})[0] == 501
