"""Google's messages in requests and answers; unknown fields are refused by name."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import orjson
from google.protobuf import json_format
from starlette.requests import Request
from starlette.responses import Response

from tfx_endpoint.bodies import read_object
from tfx_endpoint.errors import invalid
from tfx_endpoint.state.documents import dump


def parent_of(request: Request) -> str:
    """`projects/P/locations/L` of a request's path."""
    path = request.path_params
    return f"projects/{path['project']}/locations/{path['location']}"


async def read_message(request: Request, kind: Any, limit: int, nested: str = "") -> Any:
    """A request's body as one of Google's messages.

    Args:
      nested: Field of the body that is parsed instead of all of it.

    Raises:
      RequestError: INVALID_ARGUMENT, naming the field.
    """
    content: Any = await read_object(request, limit)
    return parse_message(kind, content.get(nested, {}) if nested else content)


def parse_message(kind: Any, content: Any) -> Any:
    """A message from its JSON.

    Raises:
      RequestError: INVALID_ARGUMENT, naming the field.
    """
    try:
        pure = json_format.ParseDict(content, kind.pb(kind()), ignore_unknown_fields=False)
    except (json_format.ParseError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise invalid(_first_sentence(str(error)) or "the body cannot be read") from None
    return kind.wrap(pure)


def message_answer(message: Any) -> Response:
    """An answer that is one of Google's messages, proto-plus or plain."""
    plain = not hasattr(type(message), "pb")
    body = json_format.MessageToJson(message, indent=None) if plain else dump(message)
    return Response(body, media_type="application/json")


def list_answer(key: str, messages: list[Any], next_page: str) -> Response:
    """A page of a list."""
    items = [orjson.loads(dump(message)) for message in messages]
    content: dict[str, Any] = {key: items} if items else {}
    if next_page:
        content["nextPageToken"] = next_page
    return Response(orjson.dumps(content), media_type="application/json")


def update_mask(request: Request, allowed: Collection[str]) -> list[str]:
    """The fields that a PATCH changes, in snake case.

    Raises:
      RequestError: INVALID_ARGUMENT: none is named, or one that cannot be changed.
    """
    text = request.query_params.get("updateMask") or request.query_params.get("update_mask") or ""
    fields = [snake_case(part.strip()) for part in text.split(",") if part.strip()]
    choice = ", ".join(sorted(allowed))
    if not fields:
        raise invalid(f"updateMask is missing; it names what to change: {choice}")
    for name in fields:
        if name not in allowed:
            raise invalid(f"updateMask: '{name}' cannot be changed; what can: {choice}")
    return fields


def snake_case(name: str) -> str:
    """`trafficSplit` as `traffic_split`; what is so already stays."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def check_display_name(name: str) -> None:
    """A display name has 1 to 128 characters.

    Raises:
      RequestError: INVALID_ARGUMENT.
    """
    if not 1 <= len(name) <= 128:
        raise invalid(f"displayName must have 1 to 128 characters, not {len(name)}")


def _first_sentence(text: str) -> str:
    """Protobuf adds every field there is on further lines."""
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line.replace("google.cloud.aiplatform.v1.", "")
