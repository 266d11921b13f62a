"""A change of version while requests come in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.tfx.endpoint.server import EndpointProcess, load, serve

SavedModels = Callable[[int], Path]


def test_a_change_of_version_fails_no_request(
    server: EndpointProcess, saved_models: SavedModels
) -> None:
    endpoint, current = serve(server, saved_models(2), "switched")
    models = {n: server.upload(saved_models(n)) for n in (2, 3)}
    with load(server, endpoint) as answers:
        for factor in (3, 2, 3):
            new = server.deploy(endpoint, models[factor], {current: 50, "0": 50})
            body = {"deployedModelId": current, "trafficSplit": {new: 100}}
            server.ok("POST", f"{endpoint}:undeployModel", body)
            current = new
    assert set(answers) == {"[2.0]", "[3.0]"}
    assert server.predict(endpoint, 1)["predictions"] == [3.0]
