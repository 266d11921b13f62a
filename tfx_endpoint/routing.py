"""Which deployed model answers a request: the traffic splits, held in memory."""

from __future__ import annotations

import asyncio
import logging
import random
from bisect import bisect
from collections.abc import Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from tfx_endpoint.deployed import Deployed, State, Version, import_tensorflow
from tfx_endpoint.errors import Code, RequestError, not_found, refused
from tfx_endpoint.settings import Limits

log = logging.getLogger(__name__)

SHADOW_LABEL = "shadow"


@dataclass
class Route:
    """An endpoint's deployed models, and how its traffic is split over those that are ready."""

    endpoint: str
    display_name: str
    created: float
    deployed: dict[str, Deployed]
    split: dict[str, int]
    shadow_id: str | None = None
    ready: list[Deployed] = field(default_factory=list)
    bounds: list[int] = field(default_factory=list)

    def refresh(self) -> None:
        """Takes in which deployed models have become ready, or have failed."""
        shares = [(self.deployed[key], share) for key, share in self.split.items() if share]
        shares = [(one, share) for one, share in shares if one.state is State.READY]
        self.ready = [one for one, _ in shares]
        self.bounds = list(accumulate(share for _, share in shares))

    def choose(self) -> Deployed:
        """One of the ready ones at random, weighted by the split.

        Raises:
          RequestError: UNAVAILABLE, or FAILED_PRECONDITION when nothing has traffic.
        """
        if len(self.ready) == 1:
            return self.ready[0]
        if self.ready:
            return self.ready[bisect(self.bounds, random.random() * self.bounds[-1])]
        waiting = [self.deployed[key] for key, share in self.split.items() if share]
        if not waiting:
            raise refused(f"no deployed model of {self.endpoint} has traffic; deploy one first")
        states = "; ".join(f"{one.version} is {one.describe()}" for one in waiting)
        raise RequestError(Code.UNAVAILABLE, f"{self.endpoint} cannot answer: {states}")

    def named(self, deployed_model_id: str) -> Deployed:
        """One deployed model, whatever its share.

        Raises:
          RequestError: NOT_FOUND.
        """
        if deployed_model_id not in self.deployed:
            known = ", ".join(self.deployed) or "none"
            raise not_found(
                f"{self.endpoint} has no deployed model '{deployed_model_id}'; it has: {known}"
            )
        return self.deployed[deployed_model_id]

    @property
    def shadow(self) -> Deployed | None:
        """The one that gets a copy of every request, when it is ready."""
        one = self.deployed.get(self.shadow_id or "")
        return one if one is not None and one.state is State.READY else None


class Routes:
    """Every endpoint of the process. All methods belong to the event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loader = ThreadPoolExecutor(2, thread_name_prefix="loader")
        self._routes: dict[str, Route] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def find(self, endpoint: str) -> Route:
        """The route of an endpoint.

        Raises:
          RequestError: NOT_FOUND.
        """
        route = self._routes.get(endpoint)
        if route is None:
            raise not_found(f"endpoint {endpoint} not found")
        return route

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes.values())

    def all_deployed(self) -> list[Deployed]:
        return [one for route in self for one in route.deployed.values()]

    async def load(self, one: Deployed) -> None:
        """Loads a version; no request reaches it before `apply` is told of it.

        Raises:
          RequestError: it cannot be served.
        """
        await one.load(self._limits, self._loader)

    def apply(self, endpoint: Any, loaded: Iterable[Deployed] = ()) -> None:
        """Routes by what is stored now; what is no longer deployed leaves after its last request.

        Args:
          endpoint: Google's message, as it is stored.
          loaded: Deployed models that are new to it.
        """
        before = self._routes.get(endpoint.name)
        known = dict(before.deployed) if before else {}
        known |= {one.id: one for one in loaded}
        ids = [deployed.id for deployed in endpoint.deployed_models]
        route = Route(
            endpoint=endpoint.name,
            display_name=endpoint.display_name,
            created=endpoint.create_time.timestamp(),
            deployed={key: known[key] for key in ids},
            split=dict(endpoint.traffic_split),
            shadow_id=endpoint.labels.get(SHADOW_LABEL),
        )
        route.refresh()
        self._routes[endpoint.name] = route
        for key in known.keys() - set(ids):
            self.discard(known[key])

    def discard(self, one: Deployed) -> None:
        """Frees a deployed model that gets no requests any more, once its last is answered."""
        one.state = State.DRAINING
        self._spawn(one.leave())

    def remove(self, endpoint: str) -> None:
        """Forgets an endpoint that has no deployed models."""
        self._routes.pop(endpoint, None)

    def rename(self, version: Version) -> None:
        """Takes in new aliases of a version."""
        for one in self.all_deployed():
            if (one.version.model, one.version.version_id) == (version.model, version.version_id):
                one.version = version

    def restore(self, stored: Iterable[tuple[Any, dict[str, Version]]]) -> None:
        """Routes what was stored, and begins to load it, the most asked for first.

        Args:
          stored: Each endpoint with the versions it serves, by deployed model id.
        """
        self._loader.submit(import_tensorflow)
        waiting: list[tuple[int, Deployed]] = []
        for endpoint, versions in stored:
            deployed = [Deployed(endpoint.name, *pair) for pair in versions.items()]
            self.apply(endpoint, deployed)
            split = dict(endpoint.traffic_split)
            waiting += [(split.get(one.id, 0), one) for one in deployed]
        for _, one in sorted(waiting, key=lambda pair: -pair[0]):
            self._spawn(self._load_restored(one))

    async def _load_restored(self, one: Deployed) -> None:
        try:
            await self.load(one)
        except RequestError as error:
            log.error("%s of %s gets no traffic: %s", one.version, one.endpoint, error)
        if one.endpoint in self._routes:
            self._routes[one.endpoint].refresh()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Answers what is in the queues, then frees every model."""
        self._loader.shutdown(wait=False, cancel_futures=True)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(one.leave() for one in self.all_deployed()))
