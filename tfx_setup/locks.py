"""Renews the lock files from the inputs in pyproject.toml."""

from __future__ import annotations

from tfx_setup.layout import Layout
from tfx_setup.machine import OLDEST_PYTHON, Machine
from tfx_setup.process import only_one, run, step
from tfx_setup.tools import tools

# A lock, the part of pyproject.toml it is for, and the lock whose versions it has to agree with.
LOCKS = (
    ("requirements-setup.txt", ("--group", "setup"), None),
    ("requirements.txt", ("pyproject.toml",), None),
    ("requirements-dev.txt", ("--group", "airflow-dev"), "requirements.txt"),
    ("requirements-tfx.txt", ("--group", "tfx"), None),
    ("requirements-tfx-dev.txt", ("--group", "tfx-dev"), "requirements-tfx.txt"),
)
_OPTIONS = ["--quiet", "--universal", "--generate-hashes", "--upgrade", "--no-emit-index-url"]


def renew(layout: Layout, machine: Machine) -> None:
    """Resolves every lock anew, to the newest versions that fit."""
    with only_one(layout.own_folder):
        uv = tools(layout, machine).uv
        for lock, inputs, constraint in LOCKS:
            with step(f"resolving {lock}"):
                run(
                    [uv, "pip", "compile", *_OPTIONS, *inputs, "--output-file", lock]
                    + ["--python-version", "{}.{}".format(*OLDEST_PYTHON)]
                    + ["--custom-compile-command", "make lock"]
                    + (["--constraint", constraint] if constraint else []),
                    folder=layout.root,
                )
