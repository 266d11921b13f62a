"""Runs a command of the TFX environment in a process group of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

OnLog = Callable[[str], None]

_GRACE_SECONDS = 3.0
# Airflow's settings hold its keys, and its import path holds packages that TFX cannot use.
_AIRFLOW_ONLY = ("AIRFLOW", "_AIRFLOW", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


# TensorFlow's libraries greet on standard error before any setting can silence them.
_NATIVE_LOG = re.compile(
    r"WARNING: All log messages before|[IWEF]\d{4} \d\d:|\d{4}-\d\d-\d\d \d\d:"
)


def tfx_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment variables that a TFX process gets: the user's, without Airflow's."""
    variables = os.environ if environment is None else environment
    kept = {name: value for name, value in variables.items() if not name.startswith(_AIRFLOW_ONLY)}
    return {**kept, "PYTHONUNBUFFERED": "1"}


class Command:
    """One process, its output streamed line by line, its group ended with it."""

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        self._arguments = list(arguments)
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def run(self, on_log: OnLog) -> int:
        """Runs to the end, handing on what it prints; a signal gives a negative exit code."""
        with subprocess.Popen(
            self._arguments,
            cwd=self._folder,
            env=tfx_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            self._process = process
            try:
                for line in process.stdout or ():
                    on_log(line.rstrip("\n"))
                return process.wait()
            finally:
                self.stop()

    def stop(self) -> None:
        """Ends the whole group, gently at first; safe inside a signal handler."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
        _signal_group(process.pid, signal.SIGKILL)


def describe_exit(code: int) -> str:
    """An exit code in words: `exit code 3`, or `signal SIGKILL`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def without_native_log(lines: Sequence[str]) -> list[str]:
    """What a command of ours said itself, among all that it printed; without empty lines."""
    return [line for line in lines if line.strip() and not _NATIVE_LOG.match(line)]


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
