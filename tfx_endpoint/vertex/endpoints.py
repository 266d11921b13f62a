"""Routes of endpoints."""

from __future__ import annotations

import re
from typing import Any

from google.cloud.aiplatform_v1.types import (
    CreateEndpointOperationMetadata,
    DeleteOperationMetadata,
    DeployedModel,
    Endpoint,
)
from google.protobuf.empty_pb2 import Empty
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from tfx_endpoint.bodies import json_answer
from tfx_endpoint.deployed import State
from tfx_endpoint.errors import Code, RequestError, invalid, refused
from tfx_endpoint.routing import SHADOW_LABEL, Route
from tfx_endpoint.services import Services
from tfx_endpoint.state import endpoints, operations
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
from tfx_endpoint.vertex.traffic import check_split

_ENDPOINT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_CHANGEABLE = ("description", "display_name", "labels", "traffic_split")


class EndpointRoutes:
    """Answers what Vertex AI's EndpointService answers, but for deployments."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._limit = services.settings.limits.max_request_bytes

    async def create(self, request: Request) -> Response:
        """Creates an endpoint, which serves nothing yet."""
        parent = parent_of(request)
        wanted = await read_message(request, Endpoint, self._limit)
        check_display_name(wanted.display_name)
        query = request.query_params
        wanted.name = f"{parent}/endpoints/{_id(query.get('endpointId') or '')}"
        async with self._services.control:
            endpoint, operation = await self._services.transact(
                lambda c: _create(c, parent, wanted)
            )
            self._services.routes.apply(endpoint)
        return message_answer(operation)

    async def get(self, request: Request) -> Response:
        """An endpoint, with the state of its deployed models."""
        name = endpoint_name(request)
        found = await self._services.transact(lambda c: endpoints.find_endpoint(c, name))
        return message_answer(self._with_status(found))

    async def list(self, request: Request) -> Response:
        """The endpoints of a location."""
        parent = parent_of(request)
        found = await self._services.transact(lambda c: endpoints.list_endpoints(c, parent))
        page, token = listing.select(request, found)
        return list_answer("endpoints", [self._with_status(one) for one in page], token)

    async def patch(self, request: Request) -> Response:
        """Changes the fields that `updateMask` names; another etag than the stored one: ABORTED."""
        name = endpoint_name(request)
        fields = update_mask(request, _CHANGEABLE)
        wanted = await read_message(request, Endpoint, self._limit)
        if "display_name" in fields:
            check_display_name(wanted.display_name)

        def change(endpoint: Any) -> None:
            _check_etag(endpoint, wanted.etag)
            _check_change(endpoint, wanted, fields, self._services.routes.find(name))
            for field in fields:
                setattr(endpoint, field, getattr(wanted, field))

        async with self._services.control:
            endpoint = await self._services.transact(
                lambda c: endpoints.change_endpoint(c, name, change)
            )
            self._services.routes.apply(endpoint)
        return message_answer(self._with_status(endpoint))

    async def delete(self, request: Request) -> Response:
        """Deletes an endpoint that serves nothing."""
        name = endpoint_name(request)
        async with self._services.control:
            operation = await self._services.transact(lambda c: _delete(c, name))
            self._services.routes.remove(name)
        return message_answer(operation)

    async def counters(self, request: Request) -> Response:
        """What each deployed model answered since the process started, none of it sampled."""
        route = self._services.routes.find(endpoint_name(request))
        deployed = {
            one.id: {
                "model": one.version.model,
                "version": one.version.version_id,
                "number": one.version.number,
                "state": one.state,
                "reason": one.reason,
                **one.counters.as_json(),
            }
            for one in route.deployed.values()
        }
        return json_answer({"since": self._services.since, "deployedModels": deployed})

    def _with_status(self, endpoint: Any) -> Any:
        """Says of each deployed model whether it is loaded, and if not, why."""
        try:
            route = self._services.routes.find(endpoint.name)
        except RequestError:
            return endpoint
        for deployed in endpoint.deployed_models:
            if one := route.deployed.get(deployed.id):
                deployed.status = DeployedModel.Status(
                    message=one.describe(),
                    available_replica_count=int(one.state is State.READY),
                )
        return endpoint


def endpoint_name(request: Request) -> str:
    return f"{parent_of(request)}/endpoints/{request.path_params['endpoint']}"


def _id(wanted: str) -> str:
    if wanted and not _ENDPOINT_ID.fullmatch(wanted):
        raise invalid(f"endpointId '{wanted}' must match {_ENDPOINT_ID.pattern}")
    return wanted or new_id()


def _create(connection: Connection, parent: str, wanted: Any) -> tuple[Any, Any]:
    wanted.traffic_split, wanted.dedicated_endpoint_enabled = {}, False
    del wanted.deployed_models[:]
    endpoint = endpoints.create_endpoint(connection, parent, wanted)
    operation = operations.start_operation(
        connection, endpoint.name, started(CreateEndpointOperationMetadata)
    )
    return endpoint, operations.finish_operation(connection, operation, endpoint)


def _delete(connection: Connection, name: str) -> Any:
    endpoints.delete_endpoint(connection, name)
    operation = operations.start_operation(connection, name, started(DeleteOperationMetadata))
    return operations.finish_operation(connection, operation, Empty())


def _check_etag(endpoint: Any, etag: str) -> None:
    if etag and etag != endpoint.etag:
        raise RequestError(
            Code.ABORTED,
            f"{endpoint.name} was changed since it was read: its etag is {endpoint.etag}, "
            f"not {etag}; read it again",
        )


def _check_change(endpoint: Any, wanted: Any, fields: list[str], route: Route) -> None:
    ids = [deployed.id for deployed in endpoint.deployed_models]
    shadow = wanted.labels.get(SHADOW_LABEL)
    if "labels" in fields and shadow is not None and shadow not in ids:
        raise invalid(f"label '{SHADOW_LABEL}': there is no deployed model '{shadow}': {ids}")
    if "traffic_split" in fields:
        check_split(wanted.traffic_split, ids)
        _check_ready(dict(endpoint.traffic_split), dict(wanted.traffic_split), route)


def _check_ready(before: dict[str, int], after: dict[str, int], route: Route) -> None:
    """What could not be loaded must not get more traffic than it had."""
    for key, share in after.items():
        one = route.deployed[key]
        if share > before.get(key, 0) and one.state is State.FAILED:
            raise refused(f"deployed model {key} cannot take traffic: {one.reason}")
