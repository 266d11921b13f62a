"""The browser of the tests that trigger a run in Airflow's UI: Debian's chromium."""

from __future__ import annotations

import shutil

from tfx_setup.errors import SetupError
from tfx_setup.machine import passwordless_root
from tfx_setup.process import run, step

NAMES = ("chromium", "chromium-browser", "google-chrome")
_INSTALL = ["apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-liberation"]


def find_chromium() -> str | None:
    """The path of a browser of that family; None when there is none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def ensure_chromium() -> None:
    """Installs Debian's chromium unless there is one; needs root, or sudo without a password."""
    if find_chromium():
        return
    as_root = passwordless_root()
    if as_root is None or not shutil.which("apt-get"):
        raise SetupError(
            f"the browser tests found none of {', '.join(NAMES)}.",
            f"run `sudo {' '.join(_INSTALL)}`, or install one of them in another way",
        )
    with step("installing chromium for the browser tests"):
        run([*as_root, "apt-get", "update", "-qq"])
        run([*as_root, "env", "DEBIAN_FRONTEND=noninteractive", *_INSTALL])
    if not find_chromium():
        raise SetupError(
            f"apt installed chromium, yet none of {', '.join(NAMES)} can be started from PATH.",
            "install one of them in another way",
        )
