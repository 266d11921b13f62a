"""A machine and a project that set-up can be asked about, both made of real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfx_setup.layout import Layout
from tfx_setup.machine import Machine


@pytest.fixture
def bookworm() -> Machine:
    return Machine(
        python=Path("/usr/bin/python3.11"),
        python_version=(3, 11),
        python_library_folder="/usr/lib",
        system="Linux",
        processor="x86_64",
        glibc=(2, 36),
        codename="bookworm",
        has_apt=True,
    )


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    for environment in layout.environments:
        for lock in (environment.lock, environment.dev_lock):
            lock.write_text(f"# made by hand\n{lock.stem}==1 --hash=sha256:0\n", encoding="utf-8")
    return layout
