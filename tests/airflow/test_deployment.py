"""Background processes, private files and settings of the local deployment."""

from __future__ import annotations

import configparser
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tfx_airflow.deployment import ports
from tfx_airflow.deployment.layout import Layout
from tfx_airflow.deployment.local import LocalDeployment
from tfx_airflow.deployment.private_files import read_password
from tfx_airflow.deployment.processes import Component, ProcessRecord, stop
from tfx_airflow.deployment.settings import airflow_environment, write_settings
from tfx_contract.errors import SetupError
from tfx_contract.home import Home

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def component(tmp_path: Path) -> Iterator[Component]:
    """A process that ignores polite requests and has a child."""
    made = Component(
        name="stubborn",
        arguments=[sys.executable, "-c", STUBBORN],
        environment=dict(os.environ),
        folder=tmp_path,
        log=tmp_path / "stubborn.log",
        record_file=tmp_path / "stubborn.json",
    )
    yield made
    stop([made], grace_seconds=0)


def started(component: Component) -> list[psutil.Process]:
    """Starts it; returns it and its child."""
    component.start()
    deadline = time.monotonic() + 10
    while "started" not in component.last_lines():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return component.family()


def test_stopping_ends_the_whole_family_however_stubborn(component: Component) -> None:
    family = started(component)
    assert len(family) == 2
    assert stop([component], grace_seconds=0.2) == ["stubborn"]
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert not component.was_started


def test_children_of_a_killed_process_are_stopped_too(component: Component) -> None:
    family = started(component)
    leader = component.process()
    assert leader is not None
    leader.send_signal(signal.SIGKILL)
    leader.wait(5)
    assert component.process() is None
    assert component.was_started
    stop([component], grace_seconds=0.2)
    assert psutil.wait_procs(family, timeout=5)[1] == []


def test_a_recycled_process_id_is_never_touched(component: Component) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        ProcessRecord(pid=stranger.pid, started=time.time() - 1000).write(component.record_file)
        assert component.process() is None
        assert stop([component], grace_seconds=0.1) == []
        assert stranger.poll() is None
        stranger.communicate(b"\n")


def test_what_is_secret_is_readable_by_its_owner_only_and_made_once(home: Home) -> None:
    layout = Layout(home)
    write_settings(layout, 8080)
    password, keys = read_password(layout), layout.secrets.read_text()
    write_settings(layout, 8080)
    assert (read_password(layout), layout.secrets.read_text()) == (password, keys)
    for path in (layout.config, layout.passwords, layout.secrets):
        assert path.stat().st_mode & 0o777 == 0o600


def test_secrets_are_on_no_command_line_and_in_no_environment(home: Home) -> None:
    layout = Layout(home)
    write_settings(layout, 8080)
    secrets = [read_password(layout), *json.loads(layout.secrets.read_text()).values()]
    for component in LocalDeployment(home).components():
        shown = [*component.arguments, *component.environment.values()]
        assert not any(secret in text for secret in secrets for text in shown)


def test_airflow_listens_on_loopback_and_knows_our_bundle(home: Home) -> None:
    layout = Layout(home)
    write_settings(layout, 18080)
    config = configparser.ConfigParser()
    config.read(layout.config)
    assert (config["api"]["host"], config["api"]["port"]) == (ports.HOST, "18080")
    (bundle,) = json.loads(config["dag_processor"]["dag_bundle_config_list"])
    assert bundle["classpath"] == "tfx_airflow.bundle.CompiledDagBundle"
    assert config["core"]["min_serialized_dag_update_interval"] == "0"


@pytest.mark.parametrize("setting", [ports.AIRFLOW, ports.ENDPOINT])
def test_a_taken_port_is_an_error_saying_how_to_choose_another(
    home: Home, monkeypatch: pytest.MonkeyPatch, setting: ports.Port
) -> None:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv(setting.variable, str(port))
        with pytest.raises(SetupError, match=f"Port {port} .* {setting.variable}={port + 1}"):
            LocalDeployment(home).up(lambda line: None)


@pytest.mark.parametrize("found", ["http", "0", "70000"])
def test_a_port_that_is_none_is_an_error(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFX_AIRFLOW_PORT", found)
    with pytest.raises(SetupError, match=f"found '{found}'; allowed: a port number"):
        ports.AIRFLOW.wanted()


def test_the_settings_of_another_airflow_in_the_environment_stay_out(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__ports.HOST", "0.0.0.0")
    assert "AIRFLOW__API__ports.HOST" not in airflow_environment(Layout(home))
