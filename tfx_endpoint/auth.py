"""Bearer tokens: who may ask, and where the token comes from."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from tfx_contract.errors import SetupError
from tfx_endpoint.errors import Code, RequestError

# What a load balancer asks, and a page that holds nothing but asks with the token it is given.
OPEN_PATHS = frozenset({"/health", "/ready", "/", "/page.css", "/page.js"})
TOKEN_FILE = "token"


class BearerAuth:
    """Lets a request pass that carries the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = b"Bearer " + token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            given = next((v for k, v in scope["headers"] if k == b"authorization"), b"")
            if not hmac.compare_digest(given, self._expected):
                raise RequestError(
                    Code.UNAUTHENTICATED,
                    "send the endpoint's token in the header 'Authorization: Bearer TOKEN'",
                )
        await self._app(scope, receive, send)


def read_or_create_token(path: Path) -> str:
    """The token of a file, which is made when there is none, for its owner alone.

    Raises:
      SetupError: the file is empty.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    token = path.read_text("utf-8").strip()
    if not token:
        raise SetupError(f"{path} holds no token; delete it to have one made")
    return token
