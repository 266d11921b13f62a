"""Programs beside Python that tests and measurements need, from Debian's archive."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from glob import glob

from tfx_setup.errors import SetupError
from tfx_setup.machine import passwordless_root
from tfx_setup.process import run, step


@dataclass(frozen=True)
class Program:
    """What it may be called, what apt installs it, who needs it, and a pattern of folders."""

    names: tuple[str, ...]
    packages: tuple[str, ...]
    used_by: str
    elsewhere: str = "/nonexistent"

    def find(self) -> str | None:
        """The path of the first that is on PATH, or in a folder of `elsewhere`; None: none is."""
        folders = [os.environ.get("PATH", os.defpath), *sorted(glob(self.elsewhere), reverse=True)]
        places = (shutil.which(name, path=os.pathsep.join(folders)) for name in self.names)
        return next((place for place in places if place), None)

    def ensure(self) -> None:
        """Installs it unless it is there; needs root, or sudo without a password.

        Raises:
          SetupError: it is not there and cannot be installed; the message says by what command.
        """
        if self.find():
            return
        as_root = passwordless_root()
        install = ["apt-get", "install", "-y", "--no-install-recommends", *self.packages]
        if as_root is None or not shutil.which("apt-get"):
            raise SetupError(
                f"{self.used_by} found none of {', '.join(self.names)}.",
                f"run `sudo {' '.join(install)}`, or install one of them in another way",
            )
        with step(f"installing {self.packages[0]} for {self.used_by}"):
            run([*as_root, "apt-get", "update", "-qq"])
            run([*as_root, "env", "DEBIAN_FRONTEND=noninteractive", *install])
        if not self.find():
            raise SetupError(
                f"apt installed {self.packages[0]}, yet none of {', '.join(self.names)} can be "
                "started from PATH.",
                "install one of them in another way",
            )


PROGRAMS = {
    "chromium": Program(
        ("chromium", "chromium-browser", "google-chrome"),
        ("chromium", "fonts-liberation"),
        "the browser tests",
    ),
    "postgresql": Program(
        ("pg_ctl",), ("postgresql",), "the tests", elsewhere="/usr/lib/postgresql/*/bin"
    ),
    "wrk": Program(("wrk",), ("wrk",), "the measurements"),
}
