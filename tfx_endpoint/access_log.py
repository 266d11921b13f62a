"""One line of JSON for each request, written to standard output by a thread of its own."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, deque
from datetime import UTC, datetime
from typing import BinaryIO

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEY = "tfx_endpoint.access"
_FLUSH_SECONDS = 0.25
_MOST_WAITING = 100_000


class Entry:
    """What a handler adds to the line of its request."""

    __slots__ = ("deployed_model", "error", "instances", "request_id", "signature")

    def __init__(self) -> None:
        self.request_id: int | None = None
        self.deployed_model: str | None = None
        self.signature: str | None = None
        self.instances: int | None = None
        self.error: str | None = None


def entry_of(scope: Scope) -> Entry:
    """The entry of a request."""
    entry: Entry = scope[_KEY]
    return entry


class LineWriter:
    """Writes lines without ever making the event loop wait for whoever reads them."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stdout.buffer
        self._lines: deque[bytes] = deque()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self.lost = 0
        self._thread.start()

    def write(self, line: bytes) -> None:
        if len(self._lines) >= _MOST_WAITING:
            self.lost += 1
            return
        self._lines.append(line)

    def close(self) -> None:
        """Writes what is left."""
        self._ended.set()
        self._thread.join(2)

    def _run(self) -> None:
        while not self._ended.wait(_FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        try:
            if lines:
                self._stream.write(b"\n".join(lines) + b"\n")
                self._stream.flush()
        except (OSError, ValueError):
            self.lost += len(lines)


class AccessLog:
    """Counts and logs what passes."""

    def __init__(self, app: ASGIApp, writer: LineWriter) -> None:
        self._app, self._writer = app, writer
        self.codes: Counter[int] = Counter()
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        entry = scope[_KEY] = Entry()
        began, status, size = time.perf_counter(), 0, 0

        async def observed(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        self.in_flight += 1
        try:
            await self._app(scope, receive, observed)
        finally:
            self.in_flight -= 1
            self.codes[status] += 1
            self._writer.write(_line(scope, entry, status, size, time.perf_counter() - began))


def _line(scope: Scope, entry: Entry, status: int, size: int, seconds: float) -> bytes:
    fields = {
        "time": datetime.now(UTC),
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(seconds * 1_000, 3),
        "bytes": size,
        "request_id": entry.request_id,
        "deployed_model": entry.deployed_model,
        "signature": entry.signature,
        "instances": entry.instances,
        "error": entry.error,
    }
    line: bytes = orjson.dumps({key: value for key, value in fields.items() if value is not None})
    return line
