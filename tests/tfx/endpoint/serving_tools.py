"""What the tests of the serving engine share."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tfx_endpoint.serving.server import ModelServer
from tfx_endpoint.settings import Limits


def soon(seconds: float = 30.0) -> float:
    """A deadline."""
    return time.monotonic() + seconds


@asynccontextmanager
async def serving(path: Path, **settings: Any) -> AsyncIterator[ModelServer]:
    """A server that takes requests; settings are its limits and its default signature."""
    default = settings.pop("default_signature", None)
    server = ModelServer.load("model@1", path, Limits(**settings), default)
    await server.start()
    try:
        yield server
    finally:
        server.close()
