"""What outlasts the process, however it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tfx.endpoint.server import PARENT, EndpointProcess, load, serve, slow
from tests.tfx.harness import eventually
from tfx_contract.errors import SetupError
from tfx_endpoint.errors import RequestError
from tfx_endpoint.state import endpoints, models, operations
from tfx_endpoint.state.database import Database

SavedModels = Callable[[int], Path]
Start = Callable[..., EndpointProcess]


def resources(server: EndpointProcess) -> Any:
    """Everything there is, but for the state of loading."""
    listed = [server.ok("GET", f"{PARENT}/{kind}") for kind in ("models", "endpoints")]
    for endpoint in listed[1]["endpoints"]:
        for deployed in endpoint.get("deployedModels", []):
            deployed.pop("status")
    return listed


def test_a_killed_process_comes_back_with_what_was_finished_and_nothing_by_halves(
    endpoint_process: Start, saved_models: SavedModels, tmp_path: Path
) -> None:
    server = endpoint_process().start()
    endpoint, old = serve(server, saved_models(2))
    copy, golden = slow(saved_models(3), tmp_path)
    golden.rename(golden.with_name("later"))
    model = server.upload(copy)
    new = server.deploy(endpoint, model, {old: 50, "0": 50})
    # From now on the newer version takes its time to load.
    golden.with_name("later").rename(golden)
    unfinished = server.begin_deploy(endpoint, model, {"0": 100})
    before = resources(server)
    server.kill()

    server.start(ready=False)
    assert resources(server) == before
    operation = server.ok("GET", unfinished)
    assert operation["error"]["code"] == 10
    assert "restarted" in operation["error"]["message"]
    eventually(lambda: state(server, old) == "READY", "the old version is loaded")
    assert server.client.get("/health").status_code == 200
    assert server.client.get("/ready").status_code == 503
    assert ask(server, endpoint, new) == (503, "LOADING")
    assert {server.predict(endpoint, 1)["deployedModelId"] for _ in range(20)} == {old}

    golden.write_text("no JSON")
    eventually(lambda: server.client.get("/ready").status_code == 200, "nothing loads any more")
    assert ask(server, endpoint, new) == (503, "FAILED")
    assert {server.predict(endpoint, 1)["deployedModelId"] for _ in range(20)} == {old}
    deployed = {one["id"]: one for one in server.ok("GET", endpoint)["deployedModels"]}
    assert deployed[new]["status"]["message"].startswith("FAILED: ")
    body = {"deployedModelId": new, "trafficSplit": {old: 100}}
    server.ok("POST", f"{endpoint}:undeployModel", body)
    with load(server, endpoint) as answers:
        eventually(lambda: answers["[2.0]"] > 100, "requests come in")
        assert server.stop() == 0
    # Who came in was answered; who came later found nobody, or the idle connection closed.
    late = set(answers) - {"[2.0]"}
    assert all("Connect" in one or "disconnected" in one or "reset" in one for one in late), late


def state(server: EndpointProcess, deployed_model_id: str) -> str:
    deployed = server.client.get("/ready").json()["deployedModels"]
    found: str = next(one["state"] for one in deployed if one["id"] == deployed_model_id)
    return found


def ask(server: EndpointProcess, endpoint: str, deployed_model_id: str) -> tuple[int, str]:
    """The status, and the state that the answer names."""
    headers = {"X-Deployed-Model-Id": deployed_model_id}
    answer = server.client.post(f"/v1/{endpoint}:predict", json={"instances": [1]}, headers=headers)
    message = answer.json()["error"]["message"]
    return answer.status_code, next(s for s in ("LOADING", "FAILED") if s in message)


def test_a_folder_is_served_by_one_process(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with pytest.raises(SetupError, match=r"served by another process already \(pid \d+\)"):
        Database(tmp_path)
    database.close()
    Database(tmp_path).close()


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    from google.cloud.aiplatform_v1.types import Endpoint

    def fail() -> None:
        with database.transaction() as connection:
            endpoint = Endpoint(name=f"{PARENT}/endpoints/1", display_name="x")
            endpoints.create_endpoint(connection, PARENT, endpoint)
            raise ZeroDivisionError

    database = Database(tmp_path)
    with pytest.raises(ZeroDivisionError):
        fail()
    with database.transaction() as connection:
        assert endpoints.list_endpoints(connection) == []
    database.close()


def test_a_version_id_is_never_given_twice(tmp_path: Path) -> None:
    from google.cloud.aiplatform_v1.types import Model

    database, name = Database(tmp_path), f"{PARENT}/models/m"
    with database.transaction() as connection:
        models.create_model(connection, PARENT, name)
        for _ in range(3):
            models.add_version(connection, name, Model(display_name="m"))
        models.delete_version(connection, f"{name}@3")
        added = models.add_version(connection, name, Model(display_name="m"))
        assert added.version_id == "4"
        with pytest.raises(RequestError, match="default version"):
            models.delete_version(connection, f"{name}@1")
    database.close()


def test_an_alias_belongs_to_one_version(tmp_path: Path) -> None:
    from google.cloud.aiplatform_v1.types import Model

    database, name = Database(tmp_path), f"{PARENT}/models/m"
    with database.transaction() as connection:
        models.create_model(connection, PARENT, name)
        models.add_version(connection, name, Model(version_aliases=["live"]))
        models.add_version(connection, name, Model(version_aliases=["live"]))
        assert models.find_version(connection, f"{name}@live").version_id == "2"
        assert list(models.find_version(connection, name).version_aliases) == ["default"]
        for changes, reason in [(["-default"], "only given"), (["7"], "must match")]:
            with pytest.raises(RequestError, match=reason):
                models.change_aliases(connection, name, changes)
    database.close()


def test_operations_are_forgotten_after_a_while(tmp_path: Path) -> None:
    from google.cloud.aiplatform_v1.types import DeleteOperationMetadata

    database = Database(tmp_path)
    with database.transaction() as connection:
        for _ in range(1_005):
            operations.start_operation(connection, PARENT, DeleteOperationMetadata())
        assert operations.end_interrupted(connection) == 1_005
        assert len(operations.list_operations(connection, PARENT, done=True)) == 1_000
        assert operations.list_operations(connection, PARENT, done=False) == []
    database.close()
