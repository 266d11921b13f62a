"""Routes of models and their versions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1.types import (
    DeleteOperationMetadata,
    DeployedModelRef,
    MergeVersionAliasesRequest,
    Model,
    UploadModelOperationMetadata,
    UploadModelRequest,
    UploadModelResponse,
)
from google.protobuf.empty_pb2 import Empty
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from tfx_endpoint.deployed import Version, local_path
from tfx_endpoint.errors import invalid, refused
from tfx_endpoint.services import Services
from tfx_endpoint.state import endpoints, models, operations
from tfx_endpoint.state.documents import new_id
from tfx_endpoint.vertex import listing
from tfx_endpoint.vertex.messages import (
    check_display_name,
    list_answer,
    message_answer,
    parent_of,
    read_message,
    update_mask,
)
from tfx_endpoint.vertex.progress import started

_MODEL_ID = re.compile(r"[a-z0-9]([a-z0-9_-]{0,62})")
_CHANGEABLE = ("description", "display_name", "labels", "version_description")
_SAVED_MODEL = ("saved_model.pb", "saved_model.pbtxt")


class ModelRoutes:
    """Answers what Vertex AI's ModelService answers."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._limit = services.settings.limits.max_request_bytes

    async def upload(self, request: Request) -> Response:
        """Uploads a model, or a version of the one that `parentModel` names."""
        parent = parent_of(request)
        wanted = await read_message(request, UploadModelRequest, self._limit)
        check_display_name(wanted.model.display_name)
        folder = _find_artifact(wanted.model.artifact_uri, self._services.settings.buckets)
        wanted.model.artifact_uri = str(folder)
        return message_answer(await self._services.transact(lambda c: _upload(c, parent, wanted)))

    async def get(self, request: Request) -> Response:
        """A model, or the version that `@ID` or `@ALIAS` names."""
        name = _name(request)
        return message_answer(
            await self._services.transact(
                lambda c: _with_deployments(c, models.find_version(c, name))
            )
        )

    async def list(self, request: Request) -> Response:
        """The models of a location, each by its default version."""
        parent = parent_of(request)
        found = await self._services.transact(lambda c: models.list_models(c, parent))
        return list_answer("models", *listing.select(request, found))

    async def list_versions(self, request: Request) -> Response:
        """The versions of a model."""
        name = _name(request).partition("@")[0]

        def find(connection: Connection) -> Any:
            models.find_version(connection, name)
            return models.list_versions(connection, name)

        found = await self._services.transact(find)
        return list_answer("models", *listing.select(request, found))

    async def merge_aliases(self, request: Request) -> Response:
        """Adds aliases to a version and removes those written `-alias`."""
        name = _name(request)
        wanted = await read_message(request, MergeVersionAliasesRequest, self._limit)
        changes = list(wanted.version_aliases)
        return await self._changed(lambda c: models.change_aliases(c, name, changes))

    async def patch(self, request: Request) -> Response:
        """Changes the fields that `updateMask` names."""
        name = _name(request)
        fields = update_mask(request, _CHANGEABLE)
        wanted = await read_message(request, Model, self._limit)
        if "@" not in name and wanted.version_id:
            # The SDK names a version by its id alone when it changes one.
            name = f"{name}@{wanted.version_id}"
        if "display_name" in fields:
            check_display_name(wanted.display_name)

        def change(model: Any) -> None:
            for field in fields:
                setattr(model, field, getattr(wanted, field))

        return await self._changed(lambda c: models.change_model(c, name, change))

    async def delete(self, request: Request) -> Response:
        """Deletes a model that is deployed nowhere."""
        name = _name(request)
        return message_answer(await self._services.transact(lambda c: _delete(c, name)))

    async def delete_version(self, request: Request) -> Response:
        """Deletes a version that is deployed nowhere."""
        name = _name(request)
        return message_answer(await self._services.transact(lambda c: _delete_version(c, name)))

    async def _changed(self, work: Any) -> Response:
        """A change to a version, which those that are deployed take in."""
        async with self._services.control:
            model = await self._services.transact(work)
            self._services.routes.rename(Version.of(model))
        return message_answer(model)


def _name(request: Request) -> str:
    return f"{parent_of(request)}/models/{request.path_params['model']}"


def _find_artifact(uri: str, buckets: Path | None) -> Path:
    """The folder with the SavedModel; it is what is kept, so that a bucket is looked up once."""
    if not uri:
        raise invalid("model.artifactUri is missing; it names the folder of a SavedModel")
    folder = local_path(uri, buckets)
    if not any((folder / name).is_file() for name in _SAVED_MODEL):
        raise invalid(f"model.artifactUri '{uri}': no {_SAVED_MODEL[0]} there")
    return folder


def _upload(connection: Connection, parent: str, wanted: Any) -> Any:
    if wanted.parent_model and wanted.model_id:
        raise invalid("name parentModel for a new version or modelId for a new model, not both")
    if wanted.parent_model:
        name = _parent_model(parent, wanted.parent_model)
    else:
        name = f"{parent}/models/{_new_model_id(wanted.model_id)}"
        models.create_model(connection, parent, name)
    model = wanted.model
    model.supported_deployment_resources_types = [Model.DeploymentResourcesType.DEDICATED_RESOURCES]
    del model.deployed_models[:]
    model = models.add_version(connection, name, model)
    operation = operations.start_operation(connection, name, started(UploadModelOperationMetadata))
    response = UploadModelResponse(model=name, model_version_id=model.version_id)
    return operations.finish_operation(connection, operation, response)


def _parent_model(parent: str, text: str) -> str:
    """The model of a full name, or of an id alone; a version in it does not matter."""
    name = text.partition("@")[0]
    return name if "/" in name else f"{parent}/models/{name}"


def _new_model_id(wanted: str) -> str:
    if wanted and not _MODEL_ID.fullmatch(wanted):
        raise invalid(f"modelId '{wanted}' must match {_MODEL_ID.pattern}")
    return wanted or new_id()


def _with_deployments(connection: Connection, model: Any) -> Any:
    model.deployed_models = [
        DeployedModelRef(endpoint=endpoint, deployed_model_id=deployed.id)
        for endpoint, deployed in endpoints.deployments_of(connection, model.name)
        if deployed.model_version_id == model.version_id
    ]
    return model


def _delete(connection: Connection, name: str) -> Any:
    if "@" in name:
        raise invalid(f"{name}: use :deleteVersion for a version")
    _check_undeployed(endpoints.deployments_of(connection, name), name)
    models.delete_model(connection, name)
    return _deleted(connection, name)


def _delete_version(connection: Connection, reference: str) -> Any:
    model = models.find_version(connection, reference)
    if "@" not in reference:
        raise invalid(f"{reference}: name the version, as in {reference}@{model.version_id}")
    deployed = endpoints.deployments_of(connection, model.name)
    same = [pair for pair in deployed if pair[1].model_version_id == model.version_id]
    _check_undeployed(same, reference)
    models.delete_version(connection, reference)
    return _deleted(connection, model.name)


def _deleted(connection: Connection, name: str) -> Any:
    operation = operations.start_operation(connection, name, started(DeleteOperationMetadata))
    return operations.finish_operation(connection, operation, Empty())


def _check_undeployed(deployed: Any, name: str) -> None:
    if deployed:
        places = ", ".join(f"{one.id} of {endpoint}" for endpoint, one in deployed)
        raise refused(f"{name} is deployed; undeploy it first: {places}")
