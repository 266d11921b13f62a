"""The page's files, and the example requests that it offers. The rest comes from the public API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from tfx_contract.manifest import GOLDEN_FILE, GoldenAnswers, TensorShape
from tfx_endpoint.bodies import json_answer
from tfx_endpoint.deployed import Deployed
from tfx_endpoint.services import Services
from tfx_endpoint.serving.signatures import SignatureSpec
from tfx_endpoint.vertex.endpoints import endpoint_name

_FOLDER = Path(__file__).parent
_FILES = {"/": "index.html", "/page.css": "page.css", "/page.js": "page.js"}
# Nothing from elsewhere, and nothing inline.
_POLICY = "default-src 'self'; img-src data:; frame-ancestors 'none'"
_MOST_INSTANCES = 3


class PageRoutes:
    """Shows what is deployed to a person."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def show(self, request: Request) -> Response:
        """The page, its style, its script."""
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
        return FileResponse(_FOLDER / _FILES[request.url.path], headers=headers)

    async def examples(self, request: Request) -> Response:
        """What each signature of a deployed model takes and gives, with instances to begin with."""
        route = self._services.routes.find(endpoint_name(request))
        named = request.query_params.get("deployedModelId")
        one = route.named(named) if named else route.choose()
        signatures = one.ready_server().signatures
        golden = _golden(one)
        preferred = one.version.default_signature or (golden.signature if golden else "")
        names = sorted(signatures, key=lambda name: (name != preferred, name))
        return json_answer({"signatures": {n: _example(signatures[n], golden) for n in names}})


def page_routes(services: Services, location: str) -> list[Route]:
    """The page's routes.

    Args:
      location: Path of a location, which endpoints lie below.
    """
    page = PageRoutes(services)
    examples = Route(f"{location}/endpoints/{{endpoint}}:examples", page.examples)
    return [*(Route(path, page.show) for path in _FILES), examples]


def _golden(one: Deployed) -> GoldenAnswers | None:
    try:
        return GoldenAnswers.read(one.version.saved_model.parent / GOLDEN_FILE)
    except (OSError, ValueError):
        return None


def _example(signature: SignatureSpec, golden: GoldenAnswers | None) -> dict[str, Any]:
    is_golden = golden is not None and golden.signature == signature.name
    instances = (
        golden.instances[:_MOST_INSTANCES] if golden and is_golden else [_made_up(signature)]
    )
    return {
        "inputs": {name: shape.model_dump() for name, shape in signature.inputs.items()},
        "outputs": {name: shape.model_dump() for name, shape in signature.outputs.items()},
        "instances": instances,
    }


def _made_up(signature: SignatureSpec) -> JsonValue:
    """An instance of the right shape and type, which may mean nothing."""
    return {name: _value(name, shape) for name, shape in signature.inputs.items()}


def _value(name: str, tensor: TensorShape) -> JsonValue:
    value: JsonValue = 0 if "int" in tensor.dtype else 0.0
    if tensor.dtype == "string":
        value = {"b64": ""} if name == "examples" else ""
    elif tensor.dtype == "bool":
        value = False
    for size in reversed((tensor.shape or [])[1:]):
        value = [value] * (1 if size is None else size)
    return value
