"""The metadata of operations, and the routes to follow them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from google.cloud.aiplatform_v1.types import GenericOperationMetadata
from google.longrunning.operations_pb2 import WaitOperationRequest
from google.protobuf import json_format
from starlette.requests import Request
from starlette.responses import Response

from tfx_endpoint.bodies import json_answer, read_object
from tfx_endpoint.errors import invalid
from tfx_endpoint.services import Services
from tfx_endpoint.state import operations
from tfx_endpoint.state.documents import now
from tfx_endpoint.vertex.messages import message_answer, parent_of

_LONGEST_WAIT = timedelta(minutes=10)
_FILTERS = {
    "": None,
    "done=true": True,
    "done=false": False,
    "done:true": True,
    "done:false": False,
}


def started(kind: Any) -> Any:
    """The metadata of an operation that begins now."""
    at = now()
    return kind(generic_metadata=GenericOperationMetadata(create_time=at, update_time=at))


class OperationRoutes:
    """Answers what google.longrunning.Operations answers."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._limit = services.settings.limits.max_request_bytes

    async def get(self, request: Request) -> Response:
        """An operation as it stands."""
        return await self._answer(_name(request))

    async def list(self, request: Request) -> Response:
        """The operations of a location or of one resource, the newest first."""
        resource = _resource(request)
        text = request.query_params.get("filter", "").replace(" ", "").lower()
        if text not in _FILTERS:
            raise invalid(f"filter '{text}' is not understood; what is: done=true, done=false")
        found = await self._services.transact(
            lambda c: operations.list_operations(c, resource, _FILTERS[text])
        )
        content = [orjson.loads(json_format.MessageToJson(one)) for one in found]
        return json_answer({"operations": content} if content else {})

    async def wait(self, request: Request) -> Response:
        """An operation once it has ended, or as it stands when the timeout is over."""
        name = _name(request)
        seconds = _timeout(await read_object(request, self._limit))
        await self._services.running.wait(name, seconds)
        return await self._answer(name)

    async def cancel(self, request: Request) -> Response:
        """Asks an operation to end; one that cannot be given up goes on."""
        name = _name(request)
        await self._services.transact(lambda c: operations.find_operation(c, name))
        self._services.running.cancel(name)
        return json_answer({})

    async def delete(self, request: Request) -> Response:
        """Forgets an operation; what it does goes on."""
        name = _name(request)
        await self._services.transact(lambda c: operations.delete_operation(c, name))
        return json_answer({})

    async def _answer(self, name: str) -> Response:
        return message_answer(
            await self._services.transact(lambda c: operations.find_operation(c, name))
        )


def _timeout(content: Any) -> float:
    """Seconds of a body like `{"timeout": "10s"}`."""
    wanted = WaitOperationRequest()
    try:
        json_format.ParseDict(content, wanted)
    except (json_format.ParseError, TypeError, ValueError, AttributeError) as error:
        raise invalid(f'{error}; a timeout is written {{"timeout": "10s"}}') from None
    given = wanted.timeout.ToTimedelta() if wanted.HasField("timeout") else _LONGEST_WAIT
    return max(0.0, min(given, _LONGEST_WAIT).total_seconds())


def _resource(request: Request) -> str:
    path = request.path_params
    below = f"/{path['kind']}/{path['resource']}" if "kind" in path else ""
    return parent_of(request) + below


def _name(request: Request) -> str:
    return f"{_resource(request)}/operations/{request.path_params['operation']}"
