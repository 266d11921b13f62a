"""Runs commands, says what is being done, and keeps two set-ups apart."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tfx_setup.errors import CommandError, SetupError

HEARTBEAT_SECONDS = 20.0


def say(text: str) -> None:
    """Prints one line at once, also into a pipe."""
    print(text, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announces a step, and when it is done how long it took."""
    say(f"set-up: {text} …")
    start = time.monotonic()
    yield
    say(f"set-up: {text}: done in {time.monotonic() - start:.1f} s")


def run(
    command: Sequence[str | Path],
    *,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> str:
    """Runs a command to its end and returns what it printed; CommandError if it fails."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as log:
        try:
            child = subprocess.Popen(
                words,
                cwd=folder,
                env={**os.environ, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # So that it holds the lock of `only_one` as long as it lives.
                close_fds=False,
            )
        except OSError as error:
            raise SetupError(f"{words[0]} cannot be started: {error}", "install it") from error
        status = _wait(child)
        log.seek(0)
        output = log.read().decode(errors="replace")
    if status:
        raise CommandError(words, status, output)
    return output


def _wait(child: subprocess.Popen[bytes]) -> int:
    start = time.monotonic()
    try:
        while True:
            try:
                return child.wait(HEARTBEAT_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"set-up:   still at it after {time.monotonic() - start:.0f} s")
    finally:
        if child.poll() is None:
            child.kill()


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Waits until no other set-up of this project runs, nor any command of a killed one.

    The kernel frees the lock when the last of them has ended.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("set-up: another set-up of this project is running; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        os.set_inheritable(file.fileno(), True)
        yield
