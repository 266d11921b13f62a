"""Watches over one node's process: passes its log on, ends it when asked or when it hangs."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from tfx_contract.errors import NodeStalled

_TICK_SECONDS = 1.0
_READ_BYTES = 65536
# A process that waits still wakes up now and then: this share of one core counts as no work.
_IDLE_SHARE = 0.02
_GRACE_SECONDS = 2.0


class Abandoned(Exception):
    """Nobody waits for this node any more."""


def follow(
    pid: int,
    output: int,
    emit: Callable[[str], None],
    stall_seconds: float,
    client: int | None = None,
) -> None:
    """Passes lines from `output` to `emit` until it is closed, which is when the process ends.

    Args:
      pid: the process, head of its own group.
      output: file descriptor of its standard output and error.
      emit: called with each line, without its end.
      stall_seconds: a process without output and processor time for so long is ended.
      client: file descriptor of whoever waits; when it is closed, the process is ended.

    Raises:
      NodeStalled: the watchdog ended the process; the message says how long it had stood still.
      Abandoned: the client went away; the process is ended.
    """
    lines, watchdog = _Lines(emit), _Watchdog(pid, stall_seconds)
    waiting = [output] if client is None else [output, client]
    try:
        while True:
            readable, _, _ = select.select(waiting, [], [], _TICK_SECONDS)
            if client in readable and not _peek(client):
                raise Abandoned
            if output in readable:
                watchdog.saw_output()
                if not lines.feed(output):
                    return
            elif _is_over(pid):
                return
            watchdog.check()
    except NodeStalled:
        _dump_stacks(pid, output, lines)
        raise
    finally:
        lines.flush()
        end_group(pid)


def end_group(pid: int) -> None:
    """Kills a process and everything it started; stopped processes too."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


class _Lines:
    """Cuts a stream of bytes into lines; a carriage return ends one, as progress bars use it."""

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit
        self._rest = b""

    def feed(self, descriptor: int) -> bool:
        chunk = os.read(descriptor, _READ_BYTES)
        *whole, self._rest = (self._rest + chunk).replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            self._send(line)
        return bool(chunk)

    def flush(self) -> None:
        self._send(self._rest)
        self._rest = b""

    def _send(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()
        if text:
            self._emit(text)


class _Watchdog:
    """Notices that a process family neither writes nor computes."""

    def __init__(self, pid: int, stall_seconds: float) -> None:
        self._pid = pid
        self._stall = stall_seconds
        self._since = self._looked = time.monotonic()
        self._processor_seconds = 0.0

    def saw_output(self) -> None:
        self._since = time.monotonic()

    def check(self) -> None:
        now = time.monotonic()
        if now - self._looked < min(self._stall / 4, 5):
            return
        used = _processor_seconds(self._pid)
        if used - self._processor_seconds > _IDLE_SHARE * (now - self._looked):
            self._since = now
        self._looked, self._processor_seconds = now, used
        if now - self._since > self._stall:
            raise NodeStalled(
                f"The node wrote nothing and computed nothing for {now - self._since:.0f} s, so "
                "the watchdog ended it; the stacks of its threads stand above. A node that may "
                "wait for longer needs a larger execution.stall_minutes in model.yaml."
            )


def _is_over(pid: int) -> bool:
    """Whether the process has ended; a child it left behind may hold its output open."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _processor_seconds(pid: int) -> float:
    total = 0.0
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return total
    for process in family:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def _dump_stacks(pid: int, output: int, lines: _Lines) -> None:
    try:
        os.kill(pid, signal.SIGUSR1)
    except ProcessLookupError:
        return
    deadline = time.monotonic() + _GRACE_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([output], [], [], left)
        if not readable or not lines.feed(output):
            return


def _peek(descriptor: int | None) -> bytes:
    """What a client sent; empty means that it is gone."""
    try:
        return os.read(descriptor, 1) if descriptor is not None else b""
    except OSError:
        return b""
