"""What set-up needs to know about the machine, and what it can do there."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tfx_setup.errors import SetupError

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 13)
# ml-metadata and tensorflow-data-validation 1.21 need the symbols of this version.
OLDEST_GLIBC = (2, 38)
# Where the private runtime comes from: a release whose apt sources differ in the codename only.
SUCCESSORS = {"bookworm": "trixie"}


@dataclass(frozen=True)
class Machine:
    """A machine and the Python interpreter that set-up uses on it."""

    python: Path
    python_version: tuple[int, int]
    python_library_folder: str
    system: str
    processor: str
    glibc: tuple[int, int] | None
    codename: str
    has_apt: bool

    @classmethod
    def here(cls) -> Machine:
        """This machine; inside an environment, the interpreter it was made from."""
        python = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
        return cls(
            python=python,
            python_version=sys.version_info[:2],
            python_library_folder=str(sysconfig.get_config_var("LIBDIR")),
            system=platform.system(),
            processor=platform.machine(),
            glibc=_glibc_of(python),
            codename=_codename(),
            has_apt=bool(shutil.which("apt-get") and shutil.which("dpkg")),
        )

    @property
    def glibc_text(self) -> str:
        return "none" if self.glibc is None else "{}.{}".format(*self.glibc)


def check_python(version: tuple[int, int]) -> None:
    """Raises SetupError unless the project runs on this Python version."""
    if not OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        raise SetupError(
            "Python {}.{} cannot run tfx-airflow; 3.11, 3.12 and 3.13 can.".format(*version),
            "name another one: `make PYTHON=python3.12 …`, or `python3.12 -m tfx_setup`",
        )


def needs_private_runtime(machine: Machine) -> bool:
    """Whether TFX needs a C library of its own here; SetupError where it cannot run at all."""
    if machine.system == "Darwin" and machine.processor == "arm64":
        return False
    if machine.system != "Linux" or machine.processor != "x86_64" or machine.glibc is None:
        raise SetupError(
            f"TFX has no packages for {machine.system} on {machine.processor} "
            f"with glibc {machine.glibc_text}; it has them for Linux on x86_64 with glibc, "
            "and for macOS on arm64.",
            "use such a machine, or a container of one (`--platform linux/amd64`)",
        )
    if machine.glibc >= OLDEST_GLIBC:
        return False
    if machine.codename in SUCCESSORS and machine.has_apt:
        return True
    raise SetupError(
        f"TFX needs glibc 2.38 or newer; found {machine.glibc_text} "
        f"on {machine.codename or 'an unnamed release'}, and a private copy can only be fetched "
        f"on Debian 12 (with apt-get and dpkg).",
        "use Debian 12 or 13, Ubuntu 24.04 or anything newer, or a container of one",
    )


def _glibc_of(python: Path) -> tuple[int, int] | None:
    # Asked of the base interpreter: that of the TFX environment may have a private C library.
    code = "import os; print(os.confstr('CS_GNU_LIBC_VERSION'))"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    words = answer.stdout.split()
    if answer.returncode or len(words) != 2 or words[0] != "glibc":
        return None
    major, minor = words[1].split(".")[:2]
    return int(major), int(minor)


def _codename() -> str:
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    except OSError:
        return ""


def passwordless_root() -> list[str] | None:
    """The words that make a command run as root without asking, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    asked = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)
    return [sudo, "-n"] if asked.returncode == 0 else None
