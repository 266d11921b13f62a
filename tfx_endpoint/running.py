"""The long-running operations that are under way in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from tfx_endpoint.errors import Code, RequestError

Result = TypeVar("Result")


class Running:
    """Tasks by the name of their operation."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancellable: dict[str, asyncio.Future[Any]] = {}

    def start(self, operation: str, work: Coroutine[Any, Any, None]) -> None:
        """Begins work that ends its operation by itself, whatever happens."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[operation] = task
        task.add_done_callback(lambda _: self._tasks.pop(operation, None))

    async def wait(self, operation: str, seconds: float) -> None:
        """Returns when an operation has ended, or the time is over."""
        if task := self._tasks.get(operation):
            await asyncio.wait([task], timeout=seconds)

    async def cancellable(self, operation: str, work: Coroutine[Any, Any, Result]) -> Result:
        """Waits for a part of an operation that may be given up; the work itself goes on.

        Raises:
          RequestError: CANCELLED.
        """
        future = asyncio.shield(asyncio.get_running_loop().create_task(work))
        self._cancellable[operation] = future
        try:
            return await future
        except asyncio.CancelledError:
            raise RequestError(Code.CANCELLED, "the operation was cancelled") from None
        finally:
            self._cancellable.pop(operation, None)

    def cancel(self, operation: str) -> None:
        """Asks an operation to end. One that is past its last way back goes on."""
        if future := self._cancellable.get(operation):
            future.cancel()

    async def close(self) -> None:
        """Gives up what can be given up; the rest fails at the next start."""
        for future in list(self._cancellable.values()):
            future.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=5)
