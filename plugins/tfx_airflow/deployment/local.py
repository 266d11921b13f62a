"""Starts and stops Airflow and the warm worker on this machine."""

from __future__ import annotations

import fcntl
import importlib.metadata
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tfx_airflow.api import AirflowApi
from tfx_airflow.command import tfx_environment
from tfx_airflow.deployment.layout import (
    HOST,
    PORT_VARIABLE,
    DeploymentRecord,
    Layout,
    wanted_port,
)
from tfx_airflow.deployment.processes import Component, stop
from tfx_airflow.deployment.settings import airflow_environment, write_settings
from tfx_airflow.worker_client import WorkerClient, WorkerError
from tfx_contract.errors import SetupError
from tfx_contract.home import PROJECT_ROOT, Home, tfx_python

Say = Callable[[str], None]

WORKER = "tfx-worker"
API_SERVER = "api-server"
# The log servers would listen on every address; the API server reads the files itself.
_AIRFLOW_COMMANDS = {
    API_SERVER: ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
_HEALTH_PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
_START_SECONDS = 180.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.5
_LOCKED = "database is locked"


class DatabaseLockedError(SetupError):
    """SQLite takes one writer at a time, and another one wrote. Trying again may work."""


class LocalDeployment:
    """Airflow's four components and the warm worker of one home."""

    def __init__(self, home: Home | None = None) -> None:
        self.layout = Layout(home or Home.from_environment())

    def components(self) -> list[Component]:
        """Every background process, running or not."""
        environment = airflow_environment(self.layout)
        airflow = [
            self._component(name, [sys.executable, "-m", "airflow", *arguments], environment)
            for name, arguments in _AIRFLOW_COMMANDS.items()
        ]
        return [self._worker(), *airflow]

    def is_running(self) -> bool:
        """Whether every component runs."""
        return all(component.process() for component in self.components())

    def up(self, say: Say) -> None:
        """Starts what is not running, and waits until all of it is healthy.

        Raises:
          SetupError: something cannot start; what this call started is stopped again.
        """
        if not tfx_python().exists():
            raise SetupError(
                f"There is no TFX environment at {tfx_python()}. Make it: make .venv-tfx"
            )
        self.layout.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _one_at_a_time(self.layout.folder / "up.lock"):
            missing = [component for component in self.components() if not component.process()]
            if missing:
                self._start(missing, say)

    def airflow(self, *arguments: str) -> None:
        """Runs a command of Airflow's own to its end.

        Raises:
          DatabaseLockedError: another process was writing to Airflow's database.
          SetupError: it failed; the message is Airflow's last words.
        """
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=airflow_environment(self.layout),
            cwd=PROJECT_ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        locked = _LOCKED in done.stderr + done.stdout
        kind = DatabaseLockedError if locked else SetupError
        raise kind(f"airflow {' '.join(arguments[:2])} failed: {said[-1] if said else ''}")

    def down(self) -> list[str]:
        """Stops everything, also after a start that failed half way; returns what was running."""
        return stop(self.components(), _STOP_SECONDS)

    def _start(self, missing: Sequence[Component], say: Say) -> None:
        # A component that was killed leaves children behind.
        stop(missing, _STOP_SECONDS)
        self._prepare(missing)
        try:
            for component in sorted(missing, key=lambda component: component.name != WORKER):
                # TFX is imported while Airflow makes its database.
                if component.name != WORKER:
                    self._migrate(say)
                say(f"starting {component.name}")
                component.start()
            self._wait(say)
        except BaseException:
            stop(missing, _STOP_SECONDS)
            raise

    def _prepare(self, missing: Sequence[Component]) -> None:
        """Writes the settings, unless running components already use them."""
        starts_api = any(component.name == API_SERVER for component in missing)
        port = wanted_port()
        if starts_api and len(missing) < len(self.components()):
            # The others were told where the API server is, so it comes back to the same port.
            record = self.layout.record()
            port = record.port if record else port
        if starts_api:
            _refuse_taken(port)
            write_settings(self.layout, port)
            self.layout.processes.mkdir(exist_ok=True)
            version = importlib.metadata.version("apache-airflow-core")
            DeploymentRecord(port=port, airflow_version=version).write(self.layout.record_file)

    def _migrate(self, say: Say) -> None:
        version = importlib.metadata.version("apache-airflow-core")
        marker = self.layout.folder / "migrated"
        if self.layout.database.exists() and marker.exists() and marker.read_text() == version:
            return
        say("making Airflow's database")
        log = self.layout.log_of("migrate")
        with log.open("wb") as output:
            done = subprocess.run(
                [sys.executable, "-m", "airflow", "db", "migrate"],
                env=airflow_environment(self.layout),
                cwd=PROJECT_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        if done.returncode != 0:
            raise SetupError(f"Airflow's database could not be made; {log} says why.")
        marker.write_text(version)

    def _wait(self, say: Say) -> None:
        deadline = time.monotonic() + _START_SECONDS
        shown: list[str] = []
        while waiting := self._not_ready():
            self._refuse_dead()
            if time.monotonic() > deadline:
                raise SetupError(
                    f"After {_START_SECONDS:.0f} s these are not healthy: {', '.join(waiting)}. "
                    f"Their logs are in {self.layout.logs}."
                )
            if waiting != shown:
                say(f"waiting for {', '.join(waiting)}")
                shown = waiting
            time.sleep(_POLL_SECONDS)
        with AirflowApi(self.layout) as api:
            api.warm_up()

    def _not_ready(self) -> list[str]:
        with AirflowApi(self.layout) as api:
            health = api.health()
        parts = [name for name in _HEALTH_PARTS if health.get(name) != "healthy"]
        airflow = parts if health else [API_SERVER]
        return [*airflow, *([] if worker_ready(self.layout.home) else [WORKER])]

    def _refuse_dead(self) -> None:
        for component in self.components():
            if component.was_started and not component.process():
                raise SetupError(
                    f"{component.name} ended during its start; the end of {component.log}:\n"
                    f"{component.last_lines()}"
                )

    def _worker(self) -> Component:
        socket_path = str(self.layout.home.worker_socket)
        arguments = [str(tfx_python()), "-m", "tfx_runtime.worker", "--socket", socket_path]
        return self._component(WORKER, arguments, tfx_environment())

    def _component(self, name: str, arguments: list[str], environment: dict[str, str]) -> Component:
        return Component(
            name=name,
            arguments=arguments,
            environment=environment,
            folder=PROJECT_ROOT,
            log=self.layout.log_of(name),
            record_file=self.layout.processes / f"{name}.json",
        )


def worker_ready(home: Home) -> bool:
    """Whether the warm worker answers and has TFX imported."""
    try:
        return bool(WorkerClient(home.worker_socket).ping(seconds=1).get("ready"))
    except WorkerError:
        return False


def _refuse_taken(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise SetupError(
                f"Port {port} of {HOST} is taken by another program. "
                f"Choose another: {PORT_VARIABLE}={port + 1} tfx-airflow up"
            ) from None


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
