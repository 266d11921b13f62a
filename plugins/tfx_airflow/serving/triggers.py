"""What waits without a slot: for a version, for an operation, for a verdict.

Clients of Google block, so each look runs in a thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from tfx_airflow.serving.errors import OperationFailed, Preempted
from tfx_contract.deployments import undecided_versions
from tfx_contract.errors import InputError
from tfx_contract.home import Home
from tfx_contract.serving_spec import Serving

if TYPE_CHECKING:
    from tfx_airflow.serving.push import Push

_Final = InputError | Preempted
# An endpoint that is started anew loads its models first.
_PATIENCE_SECONDS = 120.0


class VersionTrigger(BaseTrigger):
    """Waits until there is a version that nothing was decided about; gives it, or None in vain."""

    def __init__(self, versions: str, poll_seconds: float, until: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.versions, self.poll_seconds, self.until = versions, poll_seconds, until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        values = {"versions": self.versions, "poll_seconds": self.poll_seconds, "until": self.until}
        return f"{__name__}.{type(self).__name__}", values

    async def run(self) -> AsyncIterator[TriggerEvent]:
        while True:
            found = await asyncio.to_thread(undecided_versions, Path(self.versions))
            # The deadline goes from process to process, so it is of the calendar's clock.
            if found or time.time() >= self.until:
                yield TriggerEvent(found[-1] if found else None)  # type: ignore[no-untyped-call]
                return
            await asyncio.sleep(self.poll_seconds)


class OperationTrigger(BaseTrigger):
    """Waits for the end of a long-running operation; gives its error, or an empty text."""

    def __init__(self, serving: dict[str, Any], operation: str, poll_seconds: float = 2.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.serving, self.operation, self.poll_seconds = serving, operation, poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        values = {
            "serving": self.serving,
            "operation": self.operation,
            "poll_seconds": self.poll_seconds,
        }
        return f"{__name__}.{type(self).__name__}", values

    async def run(self) -> AsyncIterator[TriggerEvent]:
        yield TriggerEvent(await self._error())  # type: ignore[no-untyped-call]

    async def _error(self) -> str:
        from tfx_airflow.serving.clients import connect
        from tfx_airflow.serving.operations import has_ended

        try:
            clients = await asyncio.to_thread(connect, Serving.model_validate(self.serving))
            while not await asyncio.to_thread(has_ended, clients, self.operation):
                await asyncio.sleep(self.poll_seconds)
        except OperationFailed as error:
            return str(error)
        except Exception as error:
            # The task runs its step again and finds out for itself.
            self.log.warning("Looking at %s: %s", self.operation, error)
        return ""


class CanaryTrigger(BaseTrigger):
    """Watches a canary until there is a verdict, or somebody else changes the endpoint."""

    def __init__(
        self,
        model: str,
        version: int,
        serving: dict[str, Any],
        by: str,
        watched: dict[str, Any],
        poll_seconds: float,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model, self.version, self.serving, self.by = model, version, serving, by
        self.watched, self.poll_seconds = watched, poll_seconds
        self._made: Push | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("model", "version", "serving", "by", "watched", "poll_seconds")
        return f"{__name__}.{type(self).__name__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        answered = time.monotonic()
        while True:
            try:
                over = await asyncio.to_thread(self._is_over)
                answered = time.monotonic()
            except Exception as error:
                self.log.warning("The canary cannot be looked at: %s", error)
                # The task finds the same error, and says what is to be done.
                silent = time.monotonic() - answered
                over = isinstance(error, _Final) or silent > _PATIENCE_SECONDS
            if over:
                yield TriggerEvent(True)  # type: ignore[no-untyped-call]
                return
            await asyncio.sleep(self.poll_seconds)

    def _is_over(self) -> bool:
        from tfx_airflow.serving.canary import Watched, look
        from tfx_airflow.serving.verdict import Decision

        verdict = look(self._push(), Watched.model_validate(self.watched))
        return verdict.decision is not Decision.WATCH

    def _push(self) -> Push:
        from tfx_airflow.serving.push import Push

        if self._made is None:
            serving, home = Serving.model_validate(self.serving), Home.from_environment()
            self._made = Push.of_run(self.model, self.version, serving, home, self.by)
        return self._made
