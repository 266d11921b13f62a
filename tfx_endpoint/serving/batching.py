"""Adaptive micro-batching: while the model works, the next batch gathers.

Nothing waits for a batch to fill: when the model's thread is idle, whatever is queued goes at once.
A queue that is full refuses, and what is no longer waited for leaves it without being run. All of
the queue's state belongs to the event loop; the thread sees batches alone.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tfx_endpoint.errors import Code, RequestError
from tfx_endpoint.serving.calls import Call, Caller, too_late
from tfx_endpoint.serving.loaded import Arrays, refusal
from tfx_endpoint.settings import Limits


@dataclass(frozen=True, eq=False)
class _Waiting:
    """One call in the queue; those with the same key can go through the model together."""

    call: Call
    key: object
    answer: asyncio.Future[Arrays] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Batcher:
    """The queue before one model.

    Args:
      caller: Calls the model.
      thread: The one in which the model is called.
      limits: How long the queue may get, and how large a batch.
    """

    def __init__(self, caller: Caller, thread: ThreadPoolExecutor, limits: Limits) -> None:
        self._caller = caller
        self._thread = thread
        self._limits = limits
        # A dict, since any of them may leave, and the order counts.
        self._queue: dict[_Waiting, None] = {}
        self._queued_rows = 0
        self._work: asyncio.Task[None] | None = None

    @property
    def queued(self) -> int:
        """Requests that the model has not begun with."""
        return len(self._queue)

    async def run(self, call: Call) -> Arrays:
        """The outputs for one request.

        Raises:
          RequestError: RESOURCE_EXHAUSTED, the queue is full; DEADLINE_EXCEEDED; INVALID_ARGUMENT,
            the model refused it; INTERNAL, the model failed.
        """
        left = call.deadline - time.monotonic()
        if left <= 0:
            raise too_late()
        self._check_room(call.rows)
        waiting = _Waiting(call, self._key(call))
        self._queue[waiting] = None
        self._queued_rows += call.rows
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._until_empty())
        timer = asyncio.get_running_loop().call_later(left, _settle, waiting, too_late())
        try:
            return await waiting.answer
        finally:
            timer.cancel()
            self._remove(waiting)

    def refuse_all(self, error: RequestError) -> None:
        """Ends what is still queued."""
        for waiting in list(self._queue):
            _settle(waiting, error)
            self._remove(waiting)

    async def _until_empty(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._take():
            calls = [waiting.call for waiting in batch]
            try:
                outcomes = await loop.run_in_executor(self._thread, self._caller.answer, calls)
            except Exception as error:  # The thread was ended, or cannot be started.
                outcomes = [refusal(error)] * len(batch)
            for waiting, outcome in zip(batch, outcomes, strict=True):
                _settle(waiting, outcome)

    def _take(self) -> list[_Waiting]:
        """The oldest, and all that can go with it."""
        self._drop_late_and_gone()
        batch: list[_Waiting] = []
        room = self._limits.max_batch_size
        for waiting in self._queue:
            if not batch or (waiting.key == batch[0].key and waiting.call.rows <= room):
                batch.append(waiting)
                room -= waiting.call.rows
        for waiting in batch:
            self._remove(waiting)
        return batch

    def _drop_late_and_gone(self) -> None:
        # When the event loop was busy, their timers and their callers' last steps are late as well.
        now = time.monotonic()
        for waiting in [w for w in self._queue if w.answer.done() or w.call.deadline <= now]:
            _settle(waiting, too_late())
            self._remove(waiting)

    def _remove(self, waiting: _Waiting) -> None:
        if waiting in self._queue:
            del self._queue[waiting]
            self._queued_rows -= waiting.call.rows

    def _check_room(self, rows: int) -> None:
        limits = self._limits
        if (
            len(self._queue) >= limits.max_queued_requests
            or self._queued_rows + rows > limits.max_queued_instances
        ):
            raise RequestError(
                Code.RESOURCE_EXHAUSTED,
                f"the queue is full: {len(self._queue)} requests with {self._queued_rows} "
                f"instances wait, allowed are {limits.max_queued_requests} with "
                f"{limits.max_queued_instances}; try again later",
            )

    def _key(self, call: Call) -> object:
        if not self._caller.has_batches(call.signature):
            return object()  # Equal to none other.
        return call.signature, [array.shape[1:] for array in call.tensors.values()]


def _settle(waiting: _Waiting, outcome: Arrays | RequestError) -> None:
    """Gives the answer, unless it is no longer waited for."""
    if waiting.answer.done():
        return
    if isinstance(outcome, RequestError):
        waiting.answer.set_exception(outcome)
    else:
        waiting.answer.set_result(outcome)
