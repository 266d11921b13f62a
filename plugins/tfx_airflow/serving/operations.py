"""Long-running operations: looked at, and waited for in one of two ways.

A step that starts an operation hands its name to a `Wait`. The command line's blocks. A task's is
short and then raises `UnderWay`: the task defers, and when the operation has ended it runs the step
again from its beginning, which finds what the operation made. A retry after a kill takes the same
path.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tfx_airflow.serving.clients import Clients
from tfx_airflow.serving.errors import OperationFailed, UnderWay

Wait = Callable[[str], None]

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 2.0


def has_ended(clients: Clients, operation: str) -> bool:
    """Whether an operation has ended well.

    Raises:
      OperationFailed: it ended with an error.
    """
    found: Any = clients.endpoints.get_operation({"name": operation})
    if found.done and found.HasField("error"):
        raise OperationFailed(f"{operation}: {found.error.message}")
    return bool(found.done)


def block(clients: Clients) -> Wait:
    """The wait of a command line."""

    def wait(operation: str) -> None:
        while not has_ended(clients, operation):
            time.sleep(_POLL_SECONDS)

    return wait


def come_back(clients: Clients, patience: float = _PATIENCE_SECONDS) -> Wait:
    """The wait of a task: a moment, since deferring takes longer, and then `UnderWay`."""

    def wait(operation: str) -> None:
        deadline = time.monotonic() + patience
        while not has_ended(clients, operation):
            if time.monotonic() >= deadline:
                raise UnderWay(operation)
            time.sleep(_POLL_SECONDS)

    return wait
