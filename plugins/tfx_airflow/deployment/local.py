"""Starts and stops Airflow and the warm worker on this machine."""

from __future__ import annotations

import fcntl
import importlib.metadata
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

import httpx

from tfx_airflow.api import AirflowApi
from tfx_airflow.command import tfx_environment
from tfx_airflow.deployment import ports
from tfx_airflow.deployment.database import ensure_database
from tfx_airflow.deployment.layout import Layout, StartRecord
from tfx_airflow.deployment.processes import Component, stop
from tfx_airflow.deployment.settings import airflow_environment, write_settings
from tfx_airflow.serving.clients import ADDRESS_FILE, EndpointAddress
from tfx_airflow.worker_client import WorkerClient, WorkerError
from tfx_contract.errors import SetupError
from tfx_contract.home import PROJECT_ROOT, Home, tfx_python

Say = Callable[[str], None]

WORKER = "tfx-worker"
ENDPOINT = "endpoint"
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
    """Airflow's four components, the warm worker and the embedded endpoint of one home."""

    def __init__(self, home: Home | None = None) -> None:
        self.layout = Layout(home or Home.from_environment())

    def components(self) -> list[Component]:
        """Every background process, running or not."""
        environment = airflow_environment(self.layout)
        airflow = [
            self._component(name, [sys.executable, "-m", "airflow", *arguments], environment)
            for name, arguments in _AIRFLOW_COMMANDS.items()
        ]
        return [self._worker(), self._endpoint(), *airflow]

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
        said = _words(done.stderr) or _words(done.stdout)
        locked = _LOCKED in done.stderr + done.stdout
        kind = DatabaseLockedError if locked else SetupError
        raise kind(f"airflow {' '.join(arguments[:2])} failed: {said[-1] if said else ''}")

    def down(self) -> list[str]:
        """Stops everything, also after a start that failed half way; returns what was running."""
        return stop(self.components(), _STOP_SECONDS)

    def _start(self, missing: Sequence[Component], say: Say) -> None:
        # A component that was killed leaves children behind.
        stop(missing, _STOP_SECONDS)
        names = {component.name for component in missing}
        self._prepare(names)
        # Their commands name the ports, which are settled only now.
        missing = [component for component in self.components() if component.name in names]
        try:
            # TFX and TensorFlow, which come first, are imported while Airflow makes its database.
            for component in missing:
                if component.name in _AIRFLOW_COMMANDS:
                    ensure_database(self.layout, airflow_environment(self.layout), say)
                say(f"starting {component.name}")
                component.start()
            self._wait(say)
        except BaseException:
            stop(missing, _STOP_SECONDS)
            raise

    def _prepare(self, names: Set[str]) -> None:
        """Writes the settings, unless running components already use them."""
        record = self.layout.record()
        if record is None or len(names) == len(self.components()):
            record = StartRecord(
                port=ports.AIRFLOW.wanted(),
                endpoint_port=ports.ENDPOINT.wanted(),
                airflow_version=importlib.metadata.version("apache-airflow-core"),
            )
        # Else the others were told where these two are, so they come back to the same ports.
        if ENDPOINT in names:
            ports.ENDPOINT.refuse_taken(record.endpoint_port)
            address = EndpointAddress(address=f"http://{ports.HOST}:{record.endpoint_port}")
            address.write(self.layout.home.endpoint / ADDRESS_FILE)
        if API_SERVER in names:
            ports.AIRFLOW.refuse_taken(record.port)
            write_settings(self.layout, record.port)
        self.layout.processes.mkdir(exist_ok=True)
        record.write(self.layout.record_file)

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
        worker = [] if worker_ready(self.layout.home) else [WORKER]
        endpoint = [] if endpoint_ready(self.layout) else [ENDPOINT]
        return [*airflow, *worker, *endpoint]

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

    def _endpoint(self) -> Component:
        home, port = self.layout.home, self.layout.endpoint_address().rpartition(":")[2]
        arguments = [str(tfx_python()), "-m", "tfx_endpoint", "--folder", str(home.endpoint)]
        arguments += ["--dags", str(home.dags), "--port", port]
        return self._component(ENDPOINT, arguments, tfx_environment())

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


def endpoint_ready(layout: Layout) -> bool:
    """Whether the endpoint answers and has loaded what was deployed to it."""
    try:
        return httpx.get(f"{layout.endpoint_address()}/ready", timeout=2).is_success
    except httpx.TransportError:
        return False


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _words(output: str) -> list[str]:
    """The lines that say something: SQLAlchemy's last ones hold the statement and a link."""
    return [
        line
        for line in map(str.strip, output.splitlines())
        if line and not line.startswith(("(Background on", "[SQL:", "[parameters:"))
    ]
