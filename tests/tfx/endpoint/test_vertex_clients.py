"""Google's own clients, unchanged, against the embedded endpoint."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from requests.adapters import HTTPAdapter

from tests.tfx.endpoint.server import PARENT, EndpointProcess

aiplatform = pytest.importorskip("google.cloud.aiplatform")
aiplatform_v1 = pytest.importorskip("google.cloud.aiplatform_v1")

IMAGE = "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"


@pytest.fixture
def sdk(server: EndpointProcess) -> Any:
    """The SDK, told of nothing but the address."""
    logging.getLogger("google.cloud.aiplatform").setLevel(logging.WARNING)
    aiplatform.init(
        project="tests",
        location="us-central1",
        api_endpoint=server.address,
        api_transport="rest",
        credentials=AnonymousCredentials(),
    )
    return aiplatform


def upload(sdk: Any, saved_model: Path, **more: Any) -> Any:
    return sdk.Model.upload(
        display_name="sdk_model",
        # The SDK would carry a local folder to Cloud Storage first.
        artifact_uri=f"gs://{saved_model.parents[1].name}/{saved_model.parent.name}/model",
        serving_container_image_uri=IMAGE,
        **more,
    )


def options(server: EndpointProcess) -> dict[str, Any]:
    return {
        "transport": "rest",
        "credentials": AnonymousCredentials(),
        "client_options": {"api_endpoint": server.address},
    }


def test_the_sdk_uploads_deploys_predicts_and_moves_traffic(
    sdk: Any, saved_models: Callable[[int], Path]
) -> None:
    model = upload(sdk, saved_models(2), version_aliases=["v11"])
    assert model.supported_deployment_resources_types == [
        aiplatform_v1.Model.DeploymentResourcesType.DEDICATED_RESOURCES
    ]
    endpoint = sdk.Endpoint.create(display_name="sdk_endpoint", labels={"team": "a"})
    endpoint.deploy(model, traffic_percentage=100, machine_type="n1-standard-2")
    first = endpoint.predict(instances=[1.0, 2.0])
    assert first.predictions == [2.0, 4.0]
    assert first.model_resource_name == model.resource_name
    assert first.model_version_id == "1"

    newer = upload(sdk, saved_models(3), parent_model=model.resource_name, is_default_version=False)
    assert newer.version_id == "2"
    endpoint.deploy(newer, traffic_percentage=0, machine_type="n1-standard-2")
    ids = {one.model_version_id: one.id for one in endpoint.list_models()}
    assert endpoint.traffic_split[ids["1"]] == 100
    assert endpoint.predict(instances=[1.0]).predictions == [2.0]

    endpoint.update(traffic_split={ids["2"]: 100, ids["1"]: 0})
    assert endpoint.predict(instances=[1.0]).predictions == [3.0]
    endpoint.undeploy(ids["1"])
    assert [one.id for one in endpoint.list_models()] == [ids["2"]]
    assert [one.name for one in sdk.Endpoint.list(filter='display_name="sdk_endpoint"')] == [
        endpoint.name
    ]
    endpoint.delete(force=True)
    assert sdk.Endpoint.list(filter='labels.team="a"') == []


def test_the_sdk_keeps_versions_and_aliases_of_a_model(
    sdk: Any, saved_models: Callable[[int], Path]
) -> None:
    model = upload(sdk, saved_models(2))
    upload(sdk, saved_models(3), parent_model=model.resource_name, version_aliases=["v12"])
    registry = sdk.models.ModelRegistry(model)
    assert [v.version_id for v in registry.list_versions()] == ["2", "1"]
    assert registry.get_model("v12").version_id == "2"
    assert registry.get_version_info("default").version_id == "2"
    registry.add_version_aliases(["live"], version="1")
    registry.add_version_aliases(["default"], version="1")
    assert set(registry.get_version_info("1").version_aliases) == {"live", "default"}
    assert registry.get_version_info("2").version_aliases == ["v12"]
    registry.remove_version_aliases(["live"], version="1")
    registry.update_version("2", version_description="the newer", labels={"a": "b"})
    assert registry.get_version_info("2").version_description == "the newer"
    registry.delete_version("2")
    assert [v.version_id for v in registry.list_versions()] == ["1"]
    model.delete()
    with pytest.raises(exceptions.NotFound):
        sdk.Model(model.resource_name)


def test_the_sdk_sends_raw_predictions(
    sdk: Any, server: EndpointProcess, saved_models: Callable[[int], Path]
) -> None:
    endpoint = sdk.Endpoint.create(display_name="sdk_raw")
    model = upload(sdk, saved_models(2))
    endpoint.deploy(model)

    class Redirect(HTTPAdapter):
        """The SDK sends raw predictions to googleapis.com, whatever endpoint it was told."""

        def send(self, request: Any, **more: Any) -> Any:
            parts = urlsplit(request.url)
            request.url = urlunsplit(("http", urlsplit(server.address).netloc, *parts[2:]))
            return super().send(request, **more)

    endpoint.authorized_session = requests.Session()
    endpoint.authorized_session.mount("https://", Redirect())
    body = {"signature_name": "columns", "inputs": {"a": [1, 2], "text": ["x", "yy"]}}
    answer = endpoint.raw_predict(
        body=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    assert answer.json() == {"outputs": {"product": [2.0, 4.0], "length": [1, 2]}}
    assert answer.headers["X-Vertex-AI-Model"] == model.resource_name
    assert answer.headers["X-Vertex-AI-Deployed-Model-Id"] == endpoint.list_models()[0].id
    assert endpoint.predict([1.0], use_raw_predict=True).predictions == [2.0]


def test_the_gapic_clients_do_a_canary(
    server: EndpointProcess, saved_models: Callable[[int], Path]
) -> None:
    types = aiplatform_v1.types
    models = aiplatform_v1.ModelServiceClient(**options(server))
    endpoints = aiplatform_v1.EndpointServiceClient(**options(server))
    predictions = aiplatform_v1.PredictionServiceClient(**options(server))
    uploaded = models.upload_model(
        parent=PARENT,
        model=types.Model(display_name="gapic", artifact_uri=f"file://{saved_models(2)}"),
    ).result(30)
    name = uploaded.model
    newer = models.upload_model(
        request=types.UploadModelRequest(
            parent=PARENT,
            parent_model=name,
            model=types.Model(
                display_name="gapic", artifact_uri=str(saved_models(3)), version_aliases=["v5"]
            ),
        )
    ).result(30)
    endpoint = endpoints.create_endpoint(
        parent=PARENT, endpoint=types.Endpoint(display_name="gapic")
    ).result(30)

    def deploy(reference: str, split: dict[str, int]) -> Any:
        deployed = types.DeployedModel(
            model=reference,
            dedicated_resources={"machine_spec": {"machine_type": "n1-standard-2"}},
        )
        operation = endpoints.deploy_model(
            endpoint=endpoint.name, deployed_model=deployed, traffic_split=split
        )
        return operation.result(60).deployed_model

    old = deploy(f"{name}@1", {"0": 100})
    new = deploy(f"{name}@v5", {old.id: 90, "0": 10})
    assert (new.model, new.model_version_id) == (name, newer.model_version_id)
    answers = {
        predictions.predict(endpoint=endpoint.name, instances=[1.0]).predictions[0]
        for _ in range(200)
    }
    assert answers == {2.0, 3.0}
    with pytest.raises(exceptions.BadRequest, match="10 % of the traffic"):
        endpoints.undeploy_model(endpoint=endpoint.name, deployed_model_id=new.id)

    stale = endpoints.get_endpoint(name=endpoint.name)
    fresh = endpoints.update_endpoint(
        endpoint={"name": endpoint.name, "etag": stale.etag, "traffic_split": {new.id: 100}},
        update_mask={"paths": ["traffic_split"]},
    )
    assert dict(fresh.traffic_split) == {new.id: 100}
    with pytest.raises(exceptions.Conflict, match="etag"):
        endpoints.update_endpoint(
            endpoint={"name": endpoint.name, "etag": stale.etag, "labels": {"lease": "me"}},
            update_mask={"paths": ["labels"]},
        )
    endpoints.undeploy_model(endpoint=endpoint.name, deployed_model_id=old.id).result(30)
    with pytest.raises(exceptions.BadRequest, match="deployed"):
        models.delete_model_version(name=f"{name}@v5")
