"""Reading a request's body, and writing an answer's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from tfx_endpoint.errors import Code, RequestError, invalid

_SLOWEST_BODY_SECONDS = 60


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body.

    Raises:
      RequestError: 413 when it is larger than `limit` bytes, whether or not its length was told.
    """
    for key, value in scope["headers"]:
        if key == b"content-length" and value.isdigit() and int(value) > limit:
            raise _too_large(int(value), limit)
    first = await receive()
    body: bytes = first.get("body", b"")
    if not first.get("more_body"):
        return _within(body, limit)
    async with asyncio.timeout(_SLOWEST_BODY_SECONDS):
        return await _read_rest(body, receive, limit)


async def _read_rest(body: bytes, receive: Receive, limit: int) -> bytes:
    parts, size, more = [body], len(body), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise invalid("the connection was closed before the body's end")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise _too_large(size, limit)
        more = message.get("more_body", False)
    return b"".join(parts)


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(len(body), limit)
    return body


def _too_large(size: int, limit: int) -> RequestError:
    return RequestError(
        Code.INVALID_ARGUMENT,
        f"the request's body has {size} bytes or more; at most {limit} are read. "
        "Send fewer instances at a time",
        http_status=413,
    )


def parse_object(body: bytes) -> dict[str, JsonValue]:
    """The JSON object of a body.

    Raises:
      RequestError: INVALID_ARGUMENT, saying where it ceases to be JSON.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid(f"the body is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise invalid(f"the body must be a JSON object, not {_kind(content)}")
    return content


async def read_object(request: Request, limit: int) -> dict[str, JsonValue]:
    """The JSON object that a request carries; an empty body is an empty object."""
    body = await read_body(request.scope, request.receive, limit)
    return parse_object(body) if body.strip() else {}


def json_answer(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer in JSON. NaN and infinity, which JSON cannot say, become null."""
    body = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, status, headers, media_type="application/json")


def _kind(content: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(content), "a number")
