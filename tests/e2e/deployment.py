"""A real Airflow in a scratch home, handled through the command line as a user would."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfx_airflow.api import AirflowApi, LogReader, Task
from tfx_airflow.deployment import ports
from tfx_airflow.deployment.layout import Layout
from tfx_airflow.progress import RUN_ENDED
from tfx_contract.home import PROJECT_ROOT, Home, tfx_python

MODEL = "chicago_taxi"
COMMAND = Path(sys.executable).with_name("tfx-airflow")
_POLL_SECONDS = 0.2
_COMMAND_SECONDS = 600
_RUN_SECONDS = 600
_SHOWN_LINES = 25


def eventually(condition: Callable[[], Any], what: str, seconds: float) -> Any:
    """Waits until a condition holds and returns its value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(_POLL_SECONDS)
    raise AssertionError(f"waited {seconds:.0f} s in vain until {what}")


class Deployment:
    """One home with its Airflow, its warm worker, and a copy of `dags/` that tests may edit."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(
            root=folder / "home",
            dags=folder / "dags",
            metadata=f"sqlite:///{folder / 'home' / 'metadata.db'}",
        )
        self.layout = Layout(self.home)
        self.output: list[str] = []
        self._ports = {
            port.variable: str(ports.free_port()) for port in (ports.AIRFLOW, ports.ENDPOINT)
        }
        self._starting: list[subprocess.Popen[str]] = []
        shutil.copytree(PROJECT_ROOT / "dags", self.home.dags)
        self._leave_unserved(MODEL)

    @property
    def address(self) -> str:
        return self.layout.address()

    def api(self) -> AirflowApi:
        return AirflowApi(self.layout)

    def command(
        self, *arguments: str, seconds: float = _COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command of `tfx-airflow` to its end and keeps what it printed."""
        process = self._popen(*arguments)
        try:
            out, err = process.communicate(timeout=seconds)
        except BaseException:
            process.kill()
            process.communicate()
            raise
        self.output += [out, err]
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    @contextmanager
    def following(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command of `tfx-airflow` that runs while the test goes on."""
        process = self._popen(*arguments)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def up(self) -> None:
        done = self.command("up")
        assert done.returncode == 0, done.stdout + done.stderr

    def begin_up(self) -> None:
        """Starts what is dead, while the test goes on; `finish_up` waits for it."""
        self._starting.append(self._popen("up"))

    def finish_up(self) -> None:
        while self._starting:
            process = self._starting.pop()
            out, err = process.communicate(timeout=_COMMAND_SECONDS)
            self.output += [out, err]
            assert process.returncode == 0, out + err

    def down(self) -> None:
        """Stops all of it, also when a start of the test's is still under way."""
        for process in self._starting:
            process.kill()
            process.communicate()
        self.command("down")

    def trigger(self, **conf: object) -> str:
        """Starts a run of the taxi model; returns its id."""
        with self.api() as api:
            return api.trigger(MODEL, conf)

    def tasks(self, run_id: str, model: str = MODEL) -> dict[str, Task]:
        with self.api() as api:
            return api.tasks(model, run_id)

    def result(self, run_id: str, node: str) -> dict[str, Any]:
        """The node's result, as its task returned it."""
        with self.api() as api:
            return api.result(MODEL, run_id, node) or {}

    def assert_succeeds(self, run_id: str, model: str = MODEL) -> None:
        """Waits for the run's end; a failure shows the log of the node that failed."""
        with self.api() as api:

            def ended() -> str | None:
                state = api.run_state(model, run_id)
                return state if state in RUN_ENDED else None

            state = eventually(ended, f"the run {run_id} has ended", _RUN_SECONDS)
            assert state == "success", "\n".join(_failures(api, model, run_id))

    def versions(self, model: str = MODEL) -> set[str]:
        """The version folders that a reader sees."""
        folder = self.home.versions(model)
        found = folder.iterdir() if folder.exists() else ()
        return {path.name for path in found if not path.name.startswith(".")}

    def _popen(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(COMMAND), *arguments],
            cwd=self.home.dags.parent,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _leave_unserved(self, model: str) -> None:
        """Tests kill the one task that runs; none of a push or of a check may run beside it."""
        path = self.home.dags / model / "model.yaml"
        path.write_text(re.sub(r"(?ms)^(serving|drift):.*?^(?=\S)", "", path.read_text()))

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "AIRFLOW__" not in name}
        kept.pop("TFX_AIRFLOW_METADATA", None)
        return {
            **kept,
            "TFX_AIRFLOW_HOME": str(self.home.root),
            "TFX_AIRFLOW_DAGS": str(self.home.dags),
            **self._ports,
        }


def run_id_of(printed: str) -> str:
    """The run that `tfx-airflow run` said it started."""
    found = re.search(r"^run (\S+): http", printed, re.MULTILINE)
    assert found, printed
    return found[1]


def manifest_of(version: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((version / "manifest.json").read_text())
    return manifest


def taxi_csv() -> Path:
    """The data that comes with TFX."""
    packages = tfx_python().parent.parent / "lib"
    (found,) = packages.glob(
        "python*/site-packages/tfx/examples/chicago_taxi_pipeline/data/simple/data.csv"
    )
    return found


def _failures(api: AirflowApi, model: str, run_id: str) -> list[str]:
    lines = []
    for task in api.tasks(model, run_id).values():
        lines.append(f"{task.node}: {task.state}, try {task.try_number}")
        if task.state == "failed":
            lines += api.read_log(model, run_id, task, LogReader())[-_SHOWN_LINES:]
    return lines
