"""Making environments, with a lock that installs nothing: real tools, real interpreters."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfx_setup import marker
from tfx_setup.environment import ensure
from tfx_setup.errors import CommandError, SetupError
from tfx_setup.layout import PROJECT_ROOT, Environment, Layout
from tfx_setup.machine import Machine
from tfx_setup.process import only_one, run
from tfx_setup.tools import tools


@pytest.fixture
def project(tmp_path: Path) -> Layout:
    """A project whose locks pin nothing, with a folder name that needs quoting."""
    layout = Layout(tmp_path / "a project")
    (layout.root / "plugins" / "tfx_airflow").mkdir(parents=True)
    (layout.root / "plugins" / "tfx_airflow" / "cli.py").write_text(
        "import sys\ndef app(prog_name): print(prog_name, sys.argv[1:])\n", encoding="utf-8"
    )
    for environment in layout.environments:
        environment.lock.write_text("# nothing\n", encoding="utf-8")
        environment.dev_lock.write_text("# nothing either\n", encoding="utf-8")
    shutil.copy(Layout().tools_lock, layout.tools_lock)
    with only_one(Layout().own_folder):
        installed = tools(Layout(), Machine.here())
    layout.own_folder.mkdir()
    (layout.own_folder / installed.folder.name).symlink_to(installed.folder)
    return layout


def identity(environment: Environment) -> int:
    return (environment.folder / "pyvenv.cfg").stat().st_ino


def test_it_makes_an_environment_once_with_the_command_and_the_rooms(project: Layout) -> None:
    machine = Machine.here()
    ensure(project, project.airflow, machine, dev=False)
    made = identity(project.airflow)

    command = project.airflow.folder / "bin" / "tfx-airflow"
    answer = subprocess.check_output([command, "run", "a b"], text=True, cwd="/")
    assert answer.strip() == "tfx-airflow ['run', 'a b']"

    ensure(project, project.airflow, machine, dev=False)
    assert identity(project.airflow) == made


def test_a_half_made_environment_is_made_anew(project: Layout) -> None:
    machine = Machine.here()
    ensure(project, project.airflow, machine, dev=False)
    marker.write(project.airflow, marker.Marker(0, "", "", "", "", None, finished=False))
    left = project.airflow.folder / "left-by-a-killed-set-up"
    left.mkdir()

    ensure(project, project.airflow, machine, dev=False)

    assert not left.exists()
    have = marker.read(project.airflow)
    assert have is not None
    assert have.finished


def test_a_failed_installation_leaves_it_half_made(project: Layout) -> None:
    project.airflow.lock.write_text("nothing-is-called-this\n", encoding="utf-8")
    with pytest.raises(CommandError):
        ensure(project, project.airflow, Machine.here(), dev=False)
    have = marker.read(project.airflow)
    assert have is not None
    assert not have.finished


def test_somebody_elses_environment_is_left_alone(project: Layout) -> None:
    theirs = project.airflow.folder / "theirs"
    theirs.mkdir(parents=True)
    with pytest.raises(SetupError, match="was not made by this set-up") as caught:
        ensure(project, project.airflow, Machine.here(), dev=False)
    assert theirs.exists()
    assert str(project.airflow.folder) in caught.value.fix


def test_two_set_ups_at_once_make_one_environment(project: Layout) -> None:
    code = (
        "import sys; from pathlib import Path; from tfx_setup.environment import ensure;"
        "from tfx_setup.layout import Layout; from tfx_setup.machine import Machine;"
        "layout = Layout(Path(sys.argv[1]));"
        "ensure(layout, layout.airflow, Machine.here(), dev=False)"
    )
    command = [sys.executable, "-c", code, str(project.root)]
    environ = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    with only_one(project.own_folder):
        both = [
            subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        time.sleep(0.5)
        assert [one.poll() for one in both] == [None, None]
    outputs = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sorted("making an environment" in output for output in outputs) == [False, True]


def test_a_killed_set_up_keeps_the_next_one_waiting_until_its_commands_have_ended(
    tmp_path: Path,
) -> None:
    code = (
        "import sys; from pathlib import Path; from tfx_setup.process import only_one, run\n"
        "with only_one(Path()): run(['sh', '-c', 'touch started; sleep 1; touch ended'])"
    )
    environ = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    killed = subprocess.Popen([sys.executable, "-c", code], env=environ, cwd=tmp_path)
    while not (tmp_path / "started").exists():
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    assert not (tmp_path / "ended").exists()
    with only_one(tmp_path):
        assert (tmp_path / "ended").exists()


def test_a_failed_command_is_explained() -> None:
    with pytest.raises(CommandError, match="status 3") as caught:
        run(["sh", "-c", "echo Could not resolve host; exit 3"])
    assert "Could not resolve host" in str(caught.value)
    assert "network" in caught.value.fix


def test_a_command_that_is_not_there_is_named() -> None:
    with pytest.raises(SetupError, match="no-such-command cannot be started"):
        run(["no-such-command"])
