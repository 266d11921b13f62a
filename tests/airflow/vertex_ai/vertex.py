"""Vertex AI's model registry and endpoints, with what their documentation refuses.

Whatever is a long-running operation there takes a moment here, whether anybody asks for it or not.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from google.cloud import aiplatform_v1 as v1
from google.longrunning.operations_pb2 import Operation

_OPERATION_SECONDS = 0.1
_UNDEPLOY_SECONDS = 0.5
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}=[a-z0-9_-]{0,63}")


class VertexAI:
    """Handlers of `ModelService`, `EndpointService` and `Operations`."""

    def __init__(self) -> None:
        self.models: dict[str, list[v1.Model]] = {}
        self.endpoints: dict[str, v1.Endpoint] = {}
        self._begun: dict[str, tuple[float, Callable[[], Any]]] = {}
        self._done: dict[str, Operation] = {}
        self._ids = itertools.count(1001)

    def advance(self) -> None:
        """Does what operations have come to by now."""
        for name, (due, work) in list(self._begun.items()):
            if time.monotonic() >= due:
                del self._begun[name]
                self._done[name] = Operation(name=name, done=True)
                made = work()
                self._done[name].response.Pack(type(made).pb(made))

    def get_operation(self, request: Any, context: Any) -> Operation:
        return self._done.get(request.name) or Operation(name=request.name)

    def list_models(self, request: Any, context: Any) -> v1.ListModelsResponse:
        found = [each[0] for each in self.models.values() if _is_named(each[0], request.filter)]
        return v1.ListModelsResponse(models=found)

    def list_model_versions(self, request: Any, context: Any) -> v1.ListModelVersionsResponse:
        return v1.ListModelVersionsResponse(models=self.models[request.name])

    def upload_model(self, request: Any, context: Any) -> Operation:
        _refuse_labels(request.model.labels, context)
        model, name = request.model, request.parent_model or self._name(request.parent, "models")

        def work() -> v1.UploadModelResponse:
            versions = self.models.setdefault(name, [])
            model.name, model.version_id = name, str(len(versions) + 1)
            model.create_time = {"seconds": int(time.time())}
            model.version_aliases = [*model.version_aliases, *([] if versions else ["default"])]
            versions.append(model)
            return v1.UploadModelResponse(model=name, model_version_id=model.version_id)

        return self._begin(self._name(request.parent, "operations"), work)

    def list_endpoints(self, request: Any, context: Any) -> v1.ListEndpointsResponse:
        found = [each for each in self.endpoints.values() if _is_named(each, request.filter)]
        return v1.ListEndpointsResponse(endpoints=found)

    def create_endpoint(self, request: Any, context: Any) -> Operation:
        endpoint, endpoint.name = request.endpoint, self._name(request.parent, "endpoints")

        def work() -> v1.Endpoint:
            endpoint.create_time = {"seconds": int(time.time())}
            self.endpoints[endpoint.name] = self._changed(endpoint)
            return endpoint

        return self._begin(self._name(request.parent, "operations"), work)

    def update_endpoint(self, request: Any, context: Any) -> v1.Endpoint:
        endpoint, wanted = self._found(request.endpoint.name, context), request.endpoint
        if wanted.etag and wanted.etag != endpoint.etag:
            _refuse(context, "ABORTED", f"etag {wanted.etag} is not {endpoint.etag}")
        _refuse_labels(wanted.labels, context)
        split = dict(wanted.traffic_split)
        unknown = split.keys() - {each.id for each in endpoint.deployed_models}
        if unknown or (split and sum(split.values()) != 100):
            _refuse(context, "INVALID_ARGUMENT", f"traffic split {split}")
        for path in request.update_mask.paths:
            setattr(endpoint, path, getattr(wanted, path))
        return self._changed(endpoint)

    def deploy_model(self, request: Any, context: Any) -> Operation:
        endpoint, deployed = self._found(request.endpoint, context), request.deployed_model
        model, _, version = deployed.model.partition("@")
        if version not in [each.version_id for each in self.models.get(model, [])]:
            _refuse(context, "NOT_FOUND", f"there is no {deployed.model}")
        if not deployed.dedicated_resources.machine_spec.machine_type:
            _refuse(context, "INVALID_ARGUMENT", "dedicated_resources are missing")
        deployed.id = str(next(self._ids))
        split = {id.replace("0", deployed.id): s for id, s in request.traffic_split.items()}

        def work() -> v1.DeployModelResponse:
            endpoint.deployed_models.append(deployed)
            endpoint.traffic_split = split or endpoint.traffic_split
            self._changed(endpoint)
            return v1.DeployModelResponse(deployed_model=deployed)

        return self._begin(self._name(request.endpoint, "operations"), work)

    def undeploy_model(self, request: Any, context: Any) -> Operation:
        endpoint, gone = self._found(request.endpoint, context), request.deployed_model_id
        if gone not in [each.id for each in endpoint.deployed_models]:
            _refuse(context, "NOT_FOUND", f"there is no deployed model {gone}")
        if endpoint.traffic_split.get(gone) and len(endpoint.deployed_models) > 1:
            _refuse(context, "FAILED_PRECONDITION", f"deployed model {gone} has traffic")
        operation = f"{request.endpoint}/operations/undeploy-{gone}"
        if operation in self._begun:
            _refuse(context, "FAILED_PRECONDITION", f"{gone} is being undeployed")

        def work() -> v1.UndeployModelResponse:
            endpoint.deployed_models = [e for e in endpoint.deployed_models if e.id != gone]
            endpoint.traffic_split = endpoint.traffic_split if endpoint.deployed_models else {}
            self._changed(endpoint)
            return v1.UndeployModelResponse()

        return self._begin(operation, work, _UNDEPLOY_SECONDS)

    def _begin(
        self, name: str, work: Callable[[], Any], seconds: float = _OPERATION_SECONDS
    ) -> Operation:
        self._begun[name] = (time.monotonic() + seconds, work)
        return Operation(name=name)

    def _name(self, parent: str, kind: str) -> str:
        return f"{parent}/{kind}/{next(self._ids)}"

    def _changed(self, endpoint: v1.Endpoint) -> v1.Endpoint:
        endpoint.etag = str(next(self._ids))
        return endpoint

    def _found(self, name: str, context: Any) -> v1.Endpoint:
        if name not in self.endpoints:
            _refuse(context, "NOT_FOUND", f"there is no {name}")
        return self.endpoints[name]


def _is_named(one: Any, wanted: str) -> bool:
    return wanted == f'display_name="{one.display_name}"'


def _refuse(context: Any, code: str, why: str) -> NoReturn:
    context.abort(grpc.StatusCode[code], why)
    raise AssertionError("aborting raises")


def _refuse_labels(labels: Any, context: Any) -> None:
    for key, value in labels.items():
        if not _LABEL.fullmatch(f"{key}={value}"):
            _refuse(context, "INVALID_ARGUMENT", f"label {key}={value}")
