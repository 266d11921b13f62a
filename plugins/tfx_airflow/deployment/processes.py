"""Background processes that outlive the command which started them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tfx_contract.record import Record

_CLOCK_TOLERANCE = 1.0


class ProcessRecord(Record):
    """A process, with its time of start, so that a recycled id is never taken for it."""

    pid: int
    started: float


@dataclass(frozen=True)
class Component:
    """One background process: how it is started, and what is known of it."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    record_file: Path

    def start(self) -> None:
        """Starts it detached, in a session of its own, its output appended to its log."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.arguments,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started = psutil.Process(process.pid).create_time()
        ProcessRecord(pid=process.pid, started=started).write(self.record_file)

    def process(self) -> psutil.Process | None:
        """The running process; None when it is not running."""
        record = self._record()
        found = _process_of(record) if record else None
        return found if found and found.status() != psutil.STATUS_ZOMBIE else None

    @property
    def was_started(self) -> bool:
        return self.record_file.exists()

    def family(self) -> list[psutil.Process]:
        """Every process of its session, also when the first of them is dead."""
        record = self._record()
        return list(_session(record)) if record else []

    def forget(self) -> None:
        """Drops what is known of a process that is gone."""
        self.record_file.unlink(missing_ok=True)

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def _record(self) -> ProcessRecord | None:
        try:
            return ProcessRecord.read(self.record_file)
        except (OSError, ValueError):
            return None


def stop(components: Sequence[Component], grace_seconds: float) -> list[str]:
    """Stops all at once: asks, waits, then kills whatever is left of their sessions.

    Returns:
      The names of those that were running.
    """
    families = {component.name: component.family() for component in components}
    leaders = [process for component in components if (process := component.process())]
    for leader in leaders:
        with suppress(psutil.NoSuchProcess):
            leader.terminate()
    psutil.wait_procs(leaders, timeout=grace_seconds)
    _kill([process for family in families.values() for process in family])
    _kill([process for component in components for process in component.family()])
    for component in components:
        component.forget()
    return [name for name, family in families.items() if family]


def _kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=5)


def _process_of(record: ProcessRecord) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.started) < _CLOCK_TOLERANCE
    except psutil.NoSuchProcess:
        return None
    return process if same else None


def _session(record: ProcessRecord) -> Iterator[psutil.Process]:
    # A system gives no process the id of a living session, so a stranger under this id means that
    # the whole session is gone.
    if psutil.pid_exists(record.pid) and _process_of(record) is None:
        return
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == record.pid:
                yield process
