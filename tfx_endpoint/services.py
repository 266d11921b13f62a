"""What the routes share: the settings, the state, the models in memory."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from tfx_endpoint.deployed import Version
from tfx_endpoint.routing import Routes
from tfx_endpoint.running import Running
from tfx_endpoint.served import ServedRequest
from tfx_endpoint.settings import Settings
from tfx_endpoint.state import endpoints, models, operations
from tfx_endpoint.state.database import Database

log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass
class Services:
    """One endpoint process, without its HTTP."""

    settings: Settings
    database: Database
    routes: Routes
    running: Running
    observe: Callable[[ServedRequest], None] | None = None
    since: float = field(default_factory=time.time)
    # What is stored and what is routed change together, one change after another.
    control: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def transact(self, work: Callable[[Connection], Result]) -> Result:
        """Runs one transaction in a thread, since it waits for the disk."""
        return await asyncio.to_thread(self._transact, work)

    def _transact(self, work: Callable[[Connection], Result]) -> Result:
        with self.database.transaction() as connection:
            return work(connection)

    async def start(self) -> None:
        """Ends what the process before this one left undone, and loads what is deployed."""
        interrupted = await self.transact(operations.end_interrupted)
        if interrupted:
            log.warning("%d operations had been interrupted and have failed", interrupted)
        stored = await self.transact(_stored)
        self.routes.restore(stored)

    async def stop(self) -> None:
        """Answers what was accepted, and frees the models."""
        await self.running.close()
        await self.routes.close()
        self.database.close()


def _stored(connection: Connection) -> list[tuple[object, dict[str, Version]]]:
    """Each endpoint with the versions it serves, by deployed model id."""
    return [
        (endpoint, {one.id: _version(connection, one) for one in endpoint.deployed_models})
        for endpoint in endpoints.list_endpoints(connection)
    ]


def _version(connection: Connection, deployed: object) -> Version:
    reference = f"{deployed.model}@{deployed.model_version_id}"  # type: ignore[attr-defined]
    return Version.of(models.find_version(connection, reference))
