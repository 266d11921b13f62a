"""An environment is current only when it was finished, from these locks, here, with this Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tfx_setup import marker
from tfx_setup.layout import Environment, Layout
from tfx_setup.machine import Machine
from tfx_setup.marker import State


def state(environment: Environment, machine: Machine, *, dev: bool = False) -> State:
    want = marker.wanted(environment, machine, private=True, dev=dev)
    return marker.state(environment, want)


def make(environment: Environment, machine: Machine, *, dev: bool = False) -> None:
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    marker.write(environment, marker.wanted(environment, machine, private=True, dev=dev))


def test_a_finished_environment_is_current(layout: Layout, bookworm: Machine) -> None:
    make(layout.tfx, bookworm)
    assert state(layout.tfx, bookworm) is State.CURRENT


def test_a_missing_or_empty_folder_is_missing(layout: Layout, bookworm: Machine) -> None:
    assert state(layout.tfx, bookworm) is State.MISSING
    layout.tfx.folder.mkdir()
    assert state(layout.tfx, bookworm) is State.MISSING


def test_a_changed_pin_makes_it_stale_and_a_changed_comment_does_not(
    layout: Layout, bookworm: Machine
) -> None:
    make(layout.tfx, bookworm)
    pins = layout.tfx.lock.read_text(encoding="utf-8")
    layout.tfx.lock.write_text("    # via something\n" + pins, encoding="utf-8")
    assert state(layout.tfx, bookworm) is State.CURRENT
    layout.tfx.lock.write_text(pins.replace("==1", "==2"), encoding="utf-8")
    assert state(layout.tfx, bookworm) is State.STALE


def test_another_python_or_c_library_makes_it_stale(layout: Layout, bookworm: Machine) -> None:
    make(layout.tfx, bookworm)
    assert state(layout.tfx, replace(bookworm, python_version=(3, 12))) is State.STALE
    system = marker.wanted(layout.tfx, bookworm, private=False, dev=False)
    assert marker.state(layout.tfx, system) is State.STALE


def test_a_moved_environment_is_stale(layout: Layout, bookworm: Machine, tmp_path: Path) -> None:
    make(layout.tfx, bookworm)
    moved = replace(layout.tfx, folder=tmp_path / "moved")
    layout.tfx.folder.rename(moved.folder)
    assert state(moved, bookworm) is State.STALE


def test_development_packages_are_added_and_never_missed_by_the_demo(
    layout: Layout, bookworm: Machine
) -> None:
    make(layout.tfx, bookworm)
    assert state(layout.tfx, bookworm, dev=True) is State.INCOMPLETE
    marker.write(layout.tfx, marker.wanted(layout.tfx, bookworm, private=True, dev=True))
    assert state(layout.tfx, bookworm, dev=True) is State.CURRENT
    assert state(layout.tfx, bookworm, dev=False) is State.CURRENT
    layout.tfx.dev_lock.write_text("pytest==2\n", encoding="utf-8")
    assert state(layout.tfx, bookworm, dev=True) is State.INCOMPLETE


def test_a_killed_set_up_leaves_a_half_made_environment(layout: Layout, bookworm: Machine) -> None:
    make(layout.tfx, bookworm)
    want = marker.wanted(layout.tfx, bookworm, private=True, dev=False)
    marker.write(layout.tfx, replace(want, finished=False))
    assert state(layout.tfx, bookworm) is State.HALF_MADE


def test_an_environment_without_its_interpreter_is_half_made(
    layout: Layout, bookworm: Machine
) -> None:
    make(layout.tfx, bookworm)
    layout.tfx.python.unlink()
    layout.tfx.python.symlink_to("/nowhere/python3")
    assert state(layout.tfx, bookworm) is State.HALF_MADE


@pytest.mark.parametrize("text", ["", "{", "[]", '{"recipe": 0, "unknown": 1}'])
def test_an_unreadable_marker_is_half_made(layout: Layout, bookworm: Machine, text: str) -> None:
    make(layout.tfx, bookworm)
    layout.tfx.marker.write_text(text, encoding="utf-8")
    assert state(layout.tfx, bookworm) is State.HALF_MADE


def test_somebody_elses_environment_is_foreign(layout: Layout, bookworm: Machine) -> None:
    make(layout.tfx, bookworm)
    layout.tfx.marker.unlink()
    assert state(layout.tfx, bookworm) is State.FOREIGN
