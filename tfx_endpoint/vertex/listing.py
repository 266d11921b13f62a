"""Filters, order and pages of lists."""

from __future__ import annotations

import re
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from starlette.datastructures import QueryParams
from starlette.requests import Request

from tfx_endpoint.errors import invalid
from tfx_endpoint.vertex.messages import snake_case

_TERM = re.compile(
    r"""(?P<field>[A-Za-z_]+)(?:\.(?P<key>[\w-]+))?\s*(?P<operator>!=|=|:)\s*"""
    r"""(?:"(?P<quoted>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"']+))\s*"""
)
_AND = re.compile(r"AND\s+")
_FIELDS = ("display_name", "name", "endpoint", "model")
_ORDERS = ("create_time", "update_time", "display_name")
_LARGEST_PAGE = 1_000


def select(request: Request, messages: list[Any]) -> tuple[list[Any], str]:
    """The page that a request asks for, and the token of the next one, if there is any.

    Raises:
      RequestError: INVALID_ARGUMENT, with what is understood.
    """
    query = request.query_params
    kept = [message for message in messages if _matches(message, query.get("filter", ""))]
    kept = _ordered(kept, _parameter(query, "orderBy"))
    start = _number(_parameter(query, "pageToken") or "0", "pageToken")
    size = _number(_parameter(query, "pageSize") or "0", "pageSize") or _LARGEST_PAGE
    end = start + min(size, _LARGEST_PAGE)
    page = [_masked(message, _parameter(query, "readMask")) for message in kept[start:end]]
    return page, str(end) if end < len(kept) else ""


def _parameter(query: QueryParams, name: str) -> str:
    return query.get(name) or query.get(snake_case(name)) or ""


def _matches(message: Any, text: str) -> bool:
    return all(_holds(message, term) for term in _terms(text))


def _terms(text: str) -> list[re.Match[str]]:
    """A filter's conditions, joined by AND."""
    terms, position, text = [], 0, text.strip()
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None or not _known(match):
            raise invalid(
                f"filter '{text}' is not understood; what is: display_name=\"x\", "
                'labels.key="x", labels.key:*, and several of these joined by AND'
            )
        terms.append(match)
        position = match.end()
        if position < len(text):
            joint = _AND.match(text, position)
            if joint is None:
                raise invalid(f"filter '{text}': conditions must be joined by AND")
            position = joint.end()
    return terms


def _known(term: re.Match[str]) -> bool:
    field = snake_case(term["field"])
    if field == "labels":
        return term["key"] is not None or term["operator"] == ":"
    return field in _FIELDS and term["key"] is None and term["operator"] != ":"


def _holds(message: Any, term: re.Match[str]) -> bool:
    value = next(
        text for text in (term["quoted"], term["single"], term["bare"]) if text is not None
    )
    field = snake_case(term["field"])
    if field == "labels" and term["key"] is None:
        return value in message.labels
    if term["operator"] == ":":
        found = message.labels.get(term["key"])
        return found is not None and value in ("*", found)
    equal = value == _value(message, field, term["key"])
    return equal if term["operator"] == "=" else not equal


def _value(message: Any, field: str, key: str | None) -> str | None:
    if key is not None:
        label: str | None = message.labels.get(key)
        return label
    if field in ("endpoint", "model"):
        return str(message.name).rsplit("/", 1)[-1]
    return str(getattr(message, field))


def _ordered(messages: list[Any], text: str) -> list[Any]:
    """Without an order of its own: the newest first."""
    for part in reversed((text or "create_time desc").split(",")):
        field, _, direction = part.strip().partition(" ")
        field, direction = snake_case(field), direction.strip().lower()
        if field not in _ORDERS or direction not in ("", "asc", "desc"):
            raise invalid(f"orderBy '{text}': use {', '.join(_ORDERS)}, each also with desc")
        messages = sorted(
            messages, key=lambda one: getattr(one, field), reverse=direction == "desc"
        )
    return messages


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid(
            f"{name} '{text}' is not one of ours"
            if name == "pageToken"
            else f"{name} must be a whole number, not '{text}'"
        )
    return int(text)


def _masked(message: Any, mask: str) -> Any:
    """A message with the fields that are asked for alone."""
    if not mask or mask == "*":
        return message
    kind, paths = type(message), [snake_case(part.strip()) for part in mask.split(",")]
    descriptor = kind.pb(message).DESCRIPTOR
    for path in paths:
        if path.split(".")[0] not in descriptor.fields_by_name:
            raise invalid(f"readMask: there is no field '{path}'")
    result = kind.pb(kind())
    FieldMask(paths=paths).MergeMessage(kind.pb(message), result)
    return kind.wrap(result)
