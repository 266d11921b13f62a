"""Makes one environment, and only when it is not already what it should be."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from tfx_setup import marker
from tfx_setup.errors import SetupError
from tfx_setup.layout import Environment, Layout
from tfx_setup.machine import Machine, needs_private_runtime
from tfx_setup.marker import Marker, State
from tfx_setup.process import only_one, run, say, step
from tfx_setup.runtime import give_private_runtime
from tfx_setup.tools import Tools, tools

# TFX's wheels are tagged manylinux_2_39; a private runtime is of no concern to uv's own test.
_TFX_PLATFORM = ["--python-platform", "x86_64-manylinux_2_40"]


def ensure(layout: Layout, environment: Environment, machine: Machine, *, dev: bool) -> None:
    """Makes or completes the environment; returns at once when there is nothing to do."""
    private = environment.name == "tfx" and needs_private_runtime(machine)
    want = marker.wanted(environment, machine, private=private, dev=dev)
    if marker.state(environment, want) is State.CURRENT:
        return
    with only_one(layout.own_folder):
        # Asked again: the set-up that was waited for may have made it.
        state = marker.state(environment, want)
        if state is not State.CURRENT:
            _make(environment, machine, want, state, tools(layout, machine))


def _make(
    environment: Environment, machine: Machine, want: Marker, state: State, tool: Tools
) -> None:
    say(f"set-up: the {environment.name} environment is {state.value}: {environment.folder.name}")
    if state is State.FOREIGN:
        raise SetupError(
            f"{environment.folder} was not made by this set-up, so it is left alone.",
            f"move it away or delete it (`rm -r {environment.folder}`) and run again",
        )
    _check_disk(environment)
    if state is not State.INCOMPLETE and environment.folder.exists():
        # Deleting takes a while: the marker has to say so first, and to go last.
        marker.write(environment, replace(want, finished=False))
        _empty(environment)
    marker.write(environment, replace(want, finished=False))
    if state is not State.INCOMPLETE:
        _create(environment, machine, want, tool)
    _install(environment, machine, want, tool)
    _add_project(environment)
    marker.write(environment, want)


def _check_disk(environment: Environment) -> None:
    free = shutil.disk_usage(environment.folder.parent).free / 2**30
    if free < environment.disk_gib:
        raise SetupError(
            f"the {environment.name} environment needs {environment.disk_gib:g} GiB of disk; "
            f"{environment.folder.parent} has {free:.1f} free.",
            "free some space and run again",
        )


def _empty(environment: Environment) -> None:
    for path in environment.folder.iterdir():
        if path == environment.marker:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _create(environment: Environment, machine: Machine, want: Marker, tool: Tools) -> None:
    with step(f"{environment.name}: making an environment of Python {want.python}"):
        made_by = ["--python", str(machine.python), "--no-project", "--allow-existing"]
        run([tool.uv, "venv", "--quiet", *made_by, environment.folder])
    if want.glibc == "private":
        with step(f"{environment.name}: fetching a newer C library (found {machine.glibc_text})"):
            give_private_runtime(environment, machine, tool.patchelf)


def _install(environment: Environment, machine: Machine, want: Marker, tool: Tools) -> None:
    # The locks are complete: nothing is resolved here, and nothing comes without its hash.
    options = ["--python", str(environment.python), "--require-hashes", "--no-deps"]
    options += ["--build-constraint", str(tool.lock)]
    if environment.name == "tfx" and machine.system == "Linux":
        options += _TFX_PLATFORM
    locks = [environment.lock, *([environment.dev_lock] if want.dev_lock_sha256 else [])]
    for lock in locks:
        with step(f"{environment.name}: installing {lock.name}"):
            run([tool.uv, "pip", "install", *options, "-r", lock])


def _add_project(environment: Environment) -> None:
    """Puts the rooms on the import path and writes the command; nothing is built or fetched."""
    [packages] = environment.folder.glob("lib/python3.*/site-packages")
    paths = "".join(f"{path}\n" for path in environment.import_paths)
    (packages / "tfx_airflow_project.pth").write_text(paths, encoding="utf-8")
    if environment.console_script:
        _write_command(environment.folder / "bin" / "tfx-airflow", environment.console_script)


def _write_command(file: Path, entry: str) -> None:
    module, _, function = entry.partition(":")
    # A shell script, since a shebang line holds neither a blank nor a long path; -P keeps
    # the caller's folder from hiding a module.
    code = f'from {module} import {function}; {function}(prog_name="{file.name}")'
    file.write_text(
        "#!/bin/sh\n"
        f"""exec "$(dirname "$(readlink -f "$0")")/python" -P -c '{code}' "$@"\n""",
        encoding="utf-8",
    )
    file.chmod(0o755)
