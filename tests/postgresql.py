"""A real PostgreSQL on this machine, for as long as a test needs it."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfx_setup.programs import PROGRAMS


class PostgreSQL:
    """A cluster of its own in a temporary folder, reached over loopback."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._data, self._log, self._programs = folder / "data", folder / "log", programs
        self._port = _free_port()
        self._run("initdb", "-D", self._data, "-U", "log", "-A", "trust", "--no-sync")

    @property
    def url(self) -> str:
        return f"postgresql+pg8000://log@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        self._run("pg_ctl", "-D", self._data, "-l", self._log, "-o", options, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        # pg_ctl's child would keep a pipe open for as long as it lives.
        subprocess.run(
            command, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=60, **_unprivileged()
        )


@contextmanager
def running_postgresql() -> Iterator[PostgreSQL]:
    """Starts one."""
    found = PROGRAMS["postgresql"].find()
    assert found, "found no PostgreSQL; python3 -m tfx_setup postgresql"
    with tempfile.TemporaryDirectory(prefix="postgresql-", dir="/tmp") as name:
        os.chown(name, *_owner())
        server = PostgreSQL(Path(name), Path(found).parent)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _owner() -> tuple[int, int]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _unprivileged() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    user, group = _owner()
    return {"user": user, "group": group, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
