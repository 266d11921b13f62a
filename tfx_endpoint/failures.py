"""Every error as JSON: Google's shape, or TF Serving's on its paths; never a stack trace."""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tfx_endpoint.access_log import entry_of
from tfx_endpoint.bodies import json_answer
from tfx_endpoint.errors import Code, RequestError

log = logging.getLogger(__name__)

TF_SERVING_PREFIX = "/v1/models/"
_CODES = {404: Code.NOT_FOUND, 501: Code.UNIMPLEMENTED}


class Failures:
    """Turns whatever is raised inside into an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Makes the router raise what it does not find, instead of answering it in plain text.
        scope["app"] = self
        started = False

        async def observed(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception as error:
            answer = _answer(scope, error)
            if not started:
                await answer(scope, receive, send)


def _answer(scope: Scope, error: Exception) -> Response:
    known = _as_request_error(scope, error)
    entry_of(scope).error = str(known)
    if scope["path"].startswith(TF_SERVING_PREFIX):
        content: dict[str, Any] = {"error": str(known)}
    else:
        content = known.as_json()
    return json_answer(content, known.http_status, _headers(known, error))


def _as_request_error(scope: Scope, error: Exception) -> RequestError:
    if isinstance(error, RequestError):
        return error
    if isinstance(error, HTTPException):
        return _of_http(scope, error)
    if isinstance(error, TimeoutError):
        return RequestError(Code.DEADLINE_EXCEEDED, "the request's body took too long to arrive")
    number = secrets.token_hex(4)
    log.exception("error %s at %s %s", number, scope["method"], scope["path"])
    return RequestError(
        Code.INTERNAL, f"unexpected error {number}; the endpoint's log says more under this number"
    )


def _of_http(scope: Scope, error: HTTPException) -> RequestError:
    """What the router raises: 404 and 405."""
    path, status = scope["path"], error.status_code
    if status == 405:
        allowed = (error.headers or {}).get("Allow", "")
        message = f"{path} answers {allowed}, not {scope['method']}"
        return RequestError(Code.INVALID_ARGUMENT, message, http_status=405)
    message = f"there is nothing at {path}" if status == 404 else HTTPStatus(status).phrase
    return RequestError(_CODES.get(status, Code.INVALID_ARGUMENT), message, http_status=status)


def _headers(known: RequestError, error: Exception) -> dict[str, str]:
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if known.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if known.http_status in (429, 503):
        headers["Retry-After"] = "1"
    if known.http_status == 413:
        # What is left of the body is not worth reading.
        headers["Connection"] = "close"
    return headers
