"""One version of a model in memory: loading, ready, failed, or leaving after its last request."""

from __future__ import annotations

import asyncio
import logging
import re
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from tfx_contract.manifest import GOLDEN_FILE, GoldenAnswers
from tfx_endpoint.counters import Counters
from tfx_endpoint.errors import Code, RequestError, invalid
from tfx_endpoint.memory import free_unloaded, keep_loaded
from tfx_endpoint.settings import Limits

if TYPE_CHECKING:
    from tfx_endpoint.serving.server import ModelServer

log = logging.getLogger(__name__)

_PUSHED = re.compile(r"v?([1-9][0-9]*)")


class State(StrEnum):
    """Where a deployed model is in its life."""

    LOADING = "LOADING"
    READY = "READY"
    FAILED = "FAILED"
    DRAINING = "DRAINING"


@dataclass(frozen=True)
class Version:
    """A version of a model, as far as serving it needs to know."""

    model: str  # projects/P/locations/L/models/M
    version_id: str
    display_name: str
    saved_model: Path
    aliases: tuple[str, ...]
    number: int | None
    default_signature: str | None

    @classmethod
    def of(cls, model: Any) -> Version:
        """From Google's message. The label `signature` names the default signature."""
        return cls(
            model=model.name,
            version_id=model.version_id,
            display_name=model.display_name,
            saved_model=local_path(model.artifact_uri),
            aliases=tuple(model.version_aliases),
            number=pushed_number(model),
            default_signature=model.labels.get("signature"),
        )

    def __str__(self) -> str:
        return f"{self.display_name}@{self.number or self.version_id}"


@dataclass(eq=False)
class Deployed:
    """A version that an endpoint serves, or will."""

    endpoint: str  # projects/P/locations/L/endpoints/E
    id: str
    version: Version
    state: State = State.LOADING
    reason: str = ""
    server: ModelServer | None = None
    counters: Counters = field(default_factory=Counters)

    async def load(self, limits: Limits, executor: Executor) -> None:
        """Loads and warms up.

        Raises:
          RequestError: it cannot be served; `reason` then says why, too.
        """
        loop = asyncio.get_running_loop()
        try:
            server = await loop.run_in_executor(executor, _load, self.version, limits)
            await server.start()
        except Exception as error:
            self.state, self.reason = State.FAILED, _reason(error)
            # A refusal says all there is to know; what is unexpected needs its trace.
            unexpected = not isinstance(error, RequestError)
            log.error("%s cannot be loaded: %s", self.version, self.reason, exc_info=unexpected)
            raise RequestError(Code.FAILED_PRECONDITION, self.reason) from error
        self.server = server
        if self.state is State.DRAINING:
            await self.leave()
            return
        self.state = State.READY

    async def leave(self) -> None:
        """Waits for the last request, then frees the memory. No new one may come any more."""
        self.state = State.DRAINING
        server, self.server = self.server, None
        if server is not None:
            await server.drain()
            server.close()
            del server
            free_unloaded()

    def ready_server(self) -> ModelServer:
        """What answers.

        Raises:
          RequestError: UNAVAILABLE, it is not ready or never will be.
        """
        if self.server is None:
            raise RequestError(Code.UNAVAILABLE, f"{self.version} is {self.describe()}")
        return self.server

    def describe(self) -> str:
        """The state, with the reason if there is one."""
        return f"{self.state}: {self.reason}" if self.reason else str(self.state)


def local_path(uri: str, buckets: Path | None = None) -> Path:
    """The folder that `artifactUri` names: a path, a file:// URI, or gs:// of a mounted bucket.

    Raises:
      RequestError: INVALID_ARGUMENT.
    """
    parts = urlsplit(uri)
    if parts.scheme == "gs" and buckets is not None:
        path = (buckets / parts.netloc / parts.path.lstrip("/")).resolve()
        if not path.is_relative_to(buckets.resolve() / parts.netloc):
            raise invalid(f"artifactUri '{uri}' leads out of its bucket")
        return path
    if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost"):
        raise invalid(
            f"artifactUri '{uri}': this endpoint reads local paths and file:// alone, "
            "and gs:// where it was started with --buckets"
        )
    path = Path(unquote(parts.path) if parts.scheme else uri)
    if not path.is_absolute() or "\0" in uri:
        raise invalid(f"artifactUri '{uri}': must be an absolute path")
    return path


def pushed_number(model: Any) -> int | None:
    """The number under which we pushed a version: its alias `v<N>`, or its label `version`."""
    aliases = [alias for alias in model.version_aliases if alias.startswith("v")]
    for text in (*aliases, model.labels.get("version", "")):
        if match := _PUSHED.fullmatch(text):
            return int(match[1])
    return None


def import_tensorflow() -> None:
    """Takes seconds, which the first load would wait for otherwise."""
    import tfx_endpoint.serving.server  # noqa: F401

    keep_loaded()


def _load(version: Version, limits: Limits) -> ModelServer:
    # Imported late because TensorFlow takes seconds, and the process should answer before.
    from tfx_endpoint.serving.server import ModelServer

    server = ModelServer.load(
        str(version), version.saved_model, limits, default_signature=version.default_signature
    )
    golden = version.saved_model.parent / GOLDEN_FILE
    try:
        server.warm_up(GoldenAnswers.read(golden) if golden.exists() else None)
    except BaseException:
        server.close()
        raise
    keep_loaded()
    return server


def _reason(error: Exception) -> str:
    if isinstance(error, RequestError):
        return str(error)
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
