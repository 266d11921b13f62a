"""What set-up can say about the machine, as data: it runs without either environment."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from tfx_setup import marker
from tfx_setup.errors import SetupError
from tfx_setup.layout import Environment, Layout
from tfx_setup.machine import Machine, check_python, needs_private_runtime
from tfx_setup.marker import State

DISK_GIB_TO_WORK = 2.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `fix` says what to do when it is not `ok`."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def all_findings(*, port: int = 8080) -> list[Finding]:
    """The findings of this project on this machine."""
    return findings(Layout(), Machine.here(), port=port)


def findings(layout: Layout, machine: Machine, *, port: int = 8080) -> list[Finding]:
    """Looks at everything that set-up knows about; changes nothing."""
    return [
        python_finding(machine),
        glibc_finding(machine),
        *(environment_finding(part, machine) for part in layout.environments),
        port_finding(port),
        disk_finding(layout, machine),
    ]


def python_finding(machine: Machine) -> Finding:
    """Whether the project runs on this Python."""
    found = "{}.{} at {}".format(*machine.python_version, machine.python)
    try:
        check_python(machine.python_version)
    except SetupError as error:
        return Finding("Python", False, found, error.fix)
    return Finding("Python", True, found)


def glibc_finding(machine: Machine) -> Finding:
    """Whether TFX's wheels run with this C library, or with a private one."""
    found = f"{machine.glibc_text} on {machine.system} {machine.processor}"
    try:
        private = needs_private_runtime(machine)
    except SetupError as error:
        return Finding("glibc", False, f"{found}. {error.problem}", error.fix)
    return Finding("glibc", True, found + (", TFX has a newer one of its own" if private else ""))


def environment_finding(environment: Environment, machine: Machine) -> Finding:
    """Whether the environment is there, whole, and what its lock says."""
    name = f"{environment.name} environment"
    fix = f"`make {environment.folder.name}` makes it"
    try:
        private = environment.name == "tfx" and needs_private_runtime(machine)
        want = marker.wanted(environment, machine, private=private, dev=False)
    except SetupError:
        return Finding(name, False, "cannot be made here", "see to Python and glibc first")
    except FileNotFoundError as error:
        return Finding(name, False, f"{error.filename} is missing", "take it from the repository")
    state = marker.state(environment, want)
    if state is State.FOREIGN:
        fix = f"move {environment.folder} away or delete it; {fix}"
    return Finding(name, state is State.CURRENT, f"{state.value}, {environment.folder}", fix)


def port_finding(port: int) -> Finding:
    """Whether Airflow's API server can take this port on loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            found = f"{error.strerror} on 127.0.0.1"
            return Finding(f"port {port}", False, found, "stop what holds it, or name another port")
    return Finding(f"port {port}", True, "free on 127.0.0.1")


def disk_finding(layout: Layout, machine: Machine) -> Finding:
    """Whether the disk has room for the environments that are missing, and to work."""
    missing = [part for part in layout.environments if not environment_finding(part, machine).ok]
    needed = DISK_GIB_TO_WORK + sum(part.disk_gib for part in missing)
    free = shutil.disk_usage(layout.root).free / 2**30
    found = f"{free:.1f} GiB free, {needed:.0f} needed"
    return Finding("disk", free >= needed, found, f"free some space below {layout.root}")


def report(found: list[Finding]) -> str:
    """The findings as plain text, each with its fix where it needs one."""
    return "\n".join(line for finding in found for line in _lines(finding))


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{'ok ' if finding.ok else 'BAD'}  {finding.name:<20} {finding.found}"
    if not finding.ok:
        yield f"     {'':<20} {finding.fix}"
