"""The OpenAPI description, made of the routes themselves and their docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tfx_endpoint.bodies import json_answer
from tfx_endpoint.schemas import BODIES, QUERIES, SCHEMAS

_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_NOT_OFFERED = ("explain", "unsupported")


class Description:
    """Answers with the description."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._content = describe(routes)

    async def show(self, request: Request) -> Response:
        """This description."""
        return json_answer(self._content)


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """An OpenAPI 3.0 document. What answers 501 whatever it is asked is left out."""
    paths: dict[str, Any] = {}
    for route in routes:
        if route.endpoint.__name__ not in _NOT_OFFERED:
            path = _PARAMETER.sub(r"{\1}", route.path)
            for method in sorted((route.methods or set()) - {"HEAD"}):
                paths.setdefault(path, {})[method.lower()] = _operation(route)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "tfx_endpoint",
            "version": "1",
            "description": "Vertex AI's REST interface, and TensorFlow Serving's, over "
            "SavedModels on this machine. Messages are those of Vertex AI's v1.",
        },
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(route: Route) -> dict[str, Any]:
    name = route.endpoint.__qualname__
    operation: dict[str, Any] = {
        "summary": (route.endpoint.__doc__ or "").strip().splitlines()[0],
        "parameters": [*_path_parameters(route.path), *_query_parameters(name)],
        "responses": {
            "200": {"description": "What was asked for."},
            "default": {
                "description": "Why not.",
                "content": {"application/json": {"schema": {"$ref": _reference("Error")}}},
            },
        },
    }
    if name in BODIES:
        schema = {"$ref": _reference(BODIES[name])}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 0} if kind == "int" else {"type": "string"},
        }
        for name, kind in _PARAMETER.findall(path)
    ]


def _query_parameters(name: str) -> list[dict[str, Any]]:
    return [
        {"name": parameter, "in": "query", "schema": {"type": kind}}
        for parameter, kind in QUERIES.get(name, {}).items()
    ]


def _reference(name: str) -> str:
    return f"#/components/schemas/{name}"
