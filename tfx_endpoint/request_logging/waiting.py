"""Requests on their way from the event loop to the writer: bounded in number and in size."""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple

from tfx_endpoint.served import ServedRequest
from tfx_endpoint.settings import LogSettings

# Bounds on memory that requests of many instances would break: rows alone do not say how large.
_INSTANCES_PER_QUEUED_ROW = 10
_INSTANCES_IN_BATCH = 10_000


class Drawn(NamedTuple):
    """A request, and the lot that it drew for the sample, from 0 to 1."""

    lot: float
    request: ServedRequest


class Waiting:
    """A queue of one giver and one taker; what was taken counts as waiting until it is settled."""

    def __init__(self, settings: LogSettings) -> None:
        self._settings = settings
        self._queue: deque[Drawn] = deque()
        # The giver alone counts what was given, the taker alone what it took and settled: no locks.
        self._given = self._given_instances = 0
        self._settled = self._settled_instances = self._taken_instances = 0
        self._full_batch = threading.Event()
        self._progress = threading.Condition()

    @property
    def requests(self) -> int:
        return self._given - self._settled

    @property
    def instances(self) -> int:
        return self._given_instances - self._settled_instances

    @property
    def has_batch(self) -> bool:
        """Whether there is a whole batch to take."""
        instances = self._given_instances - self._taken_instances
        return len(self._queue) >= self._settings.batch_size or instances >= _INSTANCES_IN_BATCH

    def give(self, drawn: Drawn) -> bool:
        """Adds one; False when there is no room."""
        most = self._settings.max_queued
        if self.requests >= most or self.instances >= most * _INSTANCES_PER_QUEUED_ROW:
            return False
        self._given += 1
        self._given_instances += len(drawn.request.instances)
        self._queue.append(drawn)
        if self.has_batch and not self._full_batch.is_set():
            self._full_batch.set()
        return True

    def take(self) -> list[Drawn]:
        """The next batch, the oldest first; empty when nothing waits."""
        batch: list[Drawn] = []
        instances = 0
        while (
            self._queue
            and len(batch) < self._settings.batch_size
            and instances < _INSTANCES_IN_BATCH
        ):
            batch.append(self._queue.popleft())
            instances += len(batch[-1].request.instances)
        self._taken_instances += instances
        return batch

    def settle(self, batch: list[Drawn]) -> None:
        """Says that these were written, or given up."""
        with self._progress:
            self._settled += len(batch)
            self._settled_instances += sum(len(drawn.request.instances) for drawn in batch)
            self._progress.notify_all()

    def wait_for_batch(self, timeout: float) -> None:
        """Returns when a whole batch waits, when someone hurries, or after `timeout` seconds."""
        self._full_batch.wait(timeout)
        self._full_batch.clear()

    def hurry(self) -> None:
        """Has the taker come at once."""
        self._full_batch.set()

    def wait_until_settled(self, timeout: float) -> bool:
        """Whether all that waits now is settled within `timeout` seconds."""
        given = self._given
        self.hurry()
        with self._progress:
            return self._progress.wait_for(lambda: self._settled >= given, timeout)
