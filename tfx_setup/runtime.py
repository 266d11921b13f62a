"""Gives the TFX environment a C and C++ library of its own where the system's are too old.

Only this environment's interpreter uses them, and whatever it starts through `sys.executable`.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tfx_setup.apt import PrivateApt, renamed_sources
from tfx_setup.layout import Environment
from tfx_setup.machine import SUCCESSORS, Machine
from tfx_setup.process import run

PACKAGES = ["libc6", "libstdc++6", "libgcc-s1"]
APT_FOLDER = Path("/etc/apt")


def give_private_runtime(environment: Environment, machine: Machine, patchelf: Path) -> None:
    """Unpacks the libraries inside the environment and points its interpreter at them."""
    runtime = environment.folder / "runtime"
    sources = renamed_sources(APT_FOLDER, machine.codename, SUCCESSORS[machine.codename])
    with tempfile.TemporaryDirectory(dir=environment.folder, prefix="apt-") as scratch:
        PrivateApt(Path(scratch), sources).unpack(PACKAGES, runtime)
    _point_interpreter(environment.python, runtime, machine, patchelf)
    run([environment.python, "-c", "import ctypes; ctypes.CDLL('libstdc++.so.6')"])


def _point_interpreter(python: Path, runtime: Path, machine: Machine, patchelf: Path) -> None:
    libraries = runtime / "usr" / "lib" / "x86_64-linux-gnu"
    loader = libraries / "ld-linux-x86-64.so.2"
    patched = python.with_suffix(".new")
    shutil.copy2(python.resolve(), patched)
    run(
        [
            *(patchelf, "--set-interpreter", loader, "--force-rpath"),
            # The second folder is for an interpreter whose own library is shared.
            *("--set-rpath", f"{libraries}:{machine.python_library_folder}"),
            # Loaded first, so that no extension brings the system's older one in.
            *("--add-needed", "libstdc++.so.6", "--add-needed", "libgcc_s.so.1"),
            patched,
        ]
    )
    patched.replace(python)
