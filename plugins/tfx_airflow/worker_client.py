"""A client of the warm worker: one JSON document a line, over the user's own Unix socket."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

OnLog = Callable[[str], None]

_PING_SECONDS = 5.0


class WorkerError(Exception):
    """The worker did not answer to the end; the cold command does the same work."""


class WorkerClient:
    """Asks the worker behind one socket, one request a connection."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: socket.socket | None = None

    def ping(self, seconds: float = _PING_SECONDS) -> dict[str, Any]:
        """What the worker says about itself: `ready` and its `pid`.

        Raises:
          WorkerError: there is no worker, or it does not answer in time.
        """
        return self.ask({"ping": {}}, on_log=lambda line: None, seconds=seconds)

    def ask(
        self, request: Mapping[str, Any], on_log: OnLog, seconds: float | None = None
    ) -> dict[str, Any]:
        """Sends a request, hands on the log lines, and returns the result.

        Raises:
          WorkerError: the connection was refused or ended before the result.
        """
        check_private(self._path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds)
            self._connection = connection
            try:
                connection.connect(str(self._path))
                connection.sendall(json.dumps(request).encode() + b"\n")
                return _result_of(connection, on_log)
            except (OSError, ValueError) as error:
                raise WorkerError(f"{type(error).__name__}: {error}") from error
            finally:
                self._connection = None

    def close(self) -> None:
        """Ends the request under way, and with it its node; safe inside a signal handler."""
        if self._connection is not None:
            try:
                self._connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                # Not connected yet, or not any more: nothing is left to end.
                return


def check_private(path: Path) -> None:
    """Refuses a socket that another user could have put there or could reach.

    Raises:
      WorkerError: there is no socket, or it is not private to this user.
    """
    try:
        found, folder = path.lstat(), path.parent.lstat()
    except OSError:
        raise WorkerError(f"there is no socket at {path}") from None
    if not stat.S_ISSOCK(found.st_mode):
        raise WorkerError(f"{path} is not a socket")
    if found.st_uid != os.getuid() or folder.st_uid != os.getuid():
        raise WorkerError(f"{path} belongs to user {found.st_uid}, not to user {os.getuid()}")
    if folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise WorkerError(f"other users may write to {path.parent}")


def _result_of(connection: socket.socket, on_log: OnLog) -> dict[str, Any]:
    with connection.makefile("rb") as lines:
        for line in lines:
            answer = json.loads(line)
            if "result" in answer:
                result: dict[str, Any] = answer["result"]
                return result
            on_log(str(answer.get("log", "")))
    raise WorkerError("it closed the connection before a result")
