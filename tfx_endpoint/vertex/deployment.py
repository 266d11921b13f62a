"""Routes that put a version into an endpoint, and take one out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from google.cloud.aiplatform_v1.types import (
    DeployModelOperationMetadata,
    DeployModelRequest,
    DeployModelResponse,
    UndeployModelOperationMetadata,
    UndeployModelRequest,
    UndeployModelResponse,
)
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from tfx_endpoint.deployed import Deployed, Version
from tfx_endpoint.errors import Code, RequestError, invalid, not_found
from tfx_endpoint.routing import SHADOW_LABEL
from tfx_endpoint.services import Services, log
from tfx_endpoint.state import endpoints, models, operations
from tfx_endpoint.state.documents import new_id, now
from tfx_endpoint.vertex.endpoints import endpoint_name
from tfx_endpoint.vertex.messages import message_answer, read_message
from tfx_endpoint.vertex.progress import started
from tfx_endpoint.vertex.traffic import NEW, check_split, split_with_new, split_without

_DEPLOYED_ID = re.compile(r"[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Plan:
    """A deployment that was found possible when it was asked for."""

    endpoint: str
    deployed: Any
    version: Version
    split: dict[str, int]
    split_before: dict[str, int]

    def carry_out(self, endpoint: Any) -> None:
        """Adds the deployed model to the stored endpoint.

        Raises:
          RequestError: the endpoint was changed meanwhile in a way that this would undo.
        """
        check_new_id(endpoint, self.deployed.id)
        if self.split:
            if dict(endpoint.traffic_split) != self.split_before:
                raise RequestError(
                    Code.ABORTED,
                    f"the traffic split of {self.endpoint} was changed while the model was "
                    f"loaded, from {self.split_before} to {dict(endpoint.traffic_split)}",
                )
            endpoint.traffic_split = split_with_new(self.split, self.deployed.id)
        endpoint.deployed_models.append(self.deployed)


class DeploymentRoutes:
    """deployModel and undeployModel of Vertex AI's EndpointService."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._limit = services.settings.limits.max_request_bytes

    async def deploy(self, request: Request) -> Response:
        """Begins to load a version, which takes traffic once it is warm."""
        name = endpoint_name(request)
        wanted = await read_message(request, DeployModelRequest, self._limit)
        async with self._services.control:
            plan, operation = await self._services.transact(lambda c: _begin(c, name, wanted))
        answer = message_answer(operation)
        self._services.running.start(operation.name, self._deploy(plan, operation))
        return answer

    async def undeploy(self, request: Request) -> Response:
        """Takes a version out of an endpoint; it leaves memory after its last request."""
        name = endpoint_name(request)
        wanted = await read_message(request, UndeployModelRequest, self._limit)
        async with self._services.control:
            endpoint, operation = await self._services.transact(
                lambda c: _undeploy(c, name, wanted)
            )
            self._services.routes.apply(endpoint)
        return message_answer(operation)

    async def _deploy(self, plan: Plan, operation: Any) -> None:
        one = Deployed(plan.endpoint, plan.deployed.id, plan.version)
        try:
            await self._services.running.cancellable(
                operation.name, self._services.routes.load(one)
            )
            await self._commit(plan, operation, one)
        except Exception as error:
            self._services.routes.discard(one)
            failure = _as_request_error(error)
            await self._services.transact(
                lambda c: operations.fail_operation(c, operation, failure)
            )

    async def _commit(self, plan: Plan, operation: Any, one: Deployed) -> None:
        """Stores the deployment together with the operation's end, then routes to it."""

        def work(connection: Connection) -> Any:
            models.find_version(connection, f"{plan.version.model}@{plan.version.version_id}")
            endpoint = endpoints.change_endpoint(connection, plan.endpoint, plan.carry_out)
            response = DeployModelResponse(deployed_model=plan.deployed)
            operations.finish_operation(connection, operation, response)
            return endpoint

        async with self._services.control:
            endpoint = await self._services.transact(work)
            self._services.routes.apply(endpoint, [one])


def check_new_id(endpoint: Any, deployed_model_id: str) -> None:
    """A deployed model's id is a number, and its own.

    Raises:
      RequestError: INVALID_ARGUMENT, ALREADY_EXISTS.
    """
    if not _DEPLOYED_ID.fullmatch(deployed_model_id):
        raise invalid(f"deployedModel.id '{deployed_model_id}' must match {_DEPLOYED_ID.pattern}")
    if any(deployed.id == deployed_model_id for deployed in endpoint.deployed_models):
        raise RequestError(
            Code.ALREADY_EXISTS, f"{endpoint.name} has a deployed model {deployed_model_id}"
        )


def _begin(connection: Connection, name: str, wanted: Any) -> tuple[Plan, Any]:
    endpoint = endpoints.find_endpoint(connection, name)
    deployed = wanted.deployed_model
    if not deployed.model:
        raise invalid("deployedModel.model is missing; it names the model, or one of its versions")
    model = models.find_version(connection, deployed.model)
    deployed.id = deployed.id or new_id()
    check_new_id(endpoint, deployed.id)
    split = dict(wanted.traffic_split)
    check_split(split, [NEW, *(one.id for one in endpoint.deployed_models)])
    deployed.model, deployed.model_version_id = model.name, model.version_id
    deployed.display_name = deployed.display_name or model.display_name
    deployed.create_time = now()
    plan = Plan(name, deployed, Version.of(model), split, dict(endpoint.traffic_split))
    metadata = started(DeployModelOperationMetadata)
    return plan, operations.start_operation(connection, name, metadata)


def _undeploy(connection: Connection, name: str, wanted: Any) -> tuple[Any, Any]:
    leaving = wanted.deployed_model_id

    def change(endpoint: Any) -> None:
        remaining = [one for one in endpoint.deployed_models if one.id != leaving]
        if len(remaining) == len(endpoint.deployed_models):
            known = ", ".join(one.id for one in remaining) or "none"
            raise not_found(f"{name} has no deployed model '{leaving}'; it has: {known}")
        endpoint.traffic_split = split_without(endpoint, leaving, wanted.traffic_split)
        endpoint.deployed_models = remaining
        if endpoint.labels.get(SHADOW_LABEL) == leaving:
            del endpoint.labels[SHADOW_LABEL]

    endpoint = endpoints.change_endpoint(connection, name, change)
    operation = operations.start_operation(
        connection, name, started(UndeployModelOperationMetadata)
    )
    return endpoint, operations.finish_operation(connection, operation, UndeployModelResponse())


def _as_request_error(error: Exception) -> RequestError:
    if isinstance(error, RequestError):
        return error
    log.exception("a deployment failed unexpectedly")
    return RequestError(Code.INTERNAL, f"unexpected {type(error).__name__}; see the endpoint's log")
