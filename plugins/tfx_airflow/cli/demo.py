"""`demo`."""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tfx_airflow.cli.console import out, show
from tfx_contract.compiled import PUSH, dag_id
from tfx_contract.errors import SetupError, TfxAirflowError
from tfx_contract.home import PROJECT_ROOT, Home, tfx_python

if TYPE_CHECKING:
    from tfx_airflow.api import AirflowApi

DEMO_MODEL = "chicago_taxi"
_ROWS = 10
_TRAFFIC_ROWS = 1000
_SHOWN_COLUMNS = ("company", "payment_type", "trip_miles", "fare")
# The second version learns faster, and has to prove itself against the first.
_VERSIONS: tuple[list[str], ...] = ([], ["learning_rate=0.002"])
_PAUSE_SECONDS = 0.05
_PUSH_STARTS_SECONDS = 60


def demo() -> None:
    """Train two versions of the Chicago taxi model, push both, and ask the endpoint."""
    from tfx_airflow.cli.deployment import up
    from tfx_airflow.cli.push import follow_push
    from tfx_airflow.cli.run import follow_run

    up()
    home = Home.from_environment()
    for assignments in _VERSIONS:
        before = _last_push(home)
        follow_run(DEMO_MODEL, assignments, {})
        with _traffic(home):
            follow_push(DEMO_MODEL, _next_push(home, before))
    _ask(home)


def _ask(home: Home) -> None:
    """Ten rows that no version learned from, answered by the endpoint."""
    from tfx_airflow.cli.predict import table
    from tfx_airflow.models import find_model
    from tfx_airflow.serving.clients import connect, local_address
    from tfx_airflow.serving.predict import predict

    rows = _rows(home, _ROWS)
    instances = [row["columns"] for row in rows]
    serving = find_model(home, DEMO_MODEL).serving()
    answer = predict(connect(serving, home), DEMO_MODEL, instances, None)
    out.print(
        table(
            [
                {name: row["columns"][name] for name in _SHOWN_COLUMNS}
                | {"predicted": predicted}
                | row["label"]
                for row, predicted in zip(rows, answer.predictions, strict=True)
            ]
        )
    )
    show(f"Version {answer.deployed_model} answered at {local_address(home)}; open it and try.")


def _rows(home: Home, count: int) -> list[dict[str, Any]]:
    """Rows of the data that the newest version was judged by, with their labels."""
    from tfx_airflow.command import tfx_environment
    from tfx_airflow.versions import newest_version

    version = newest_version(home, DEMO_MODEL)
    command = [str(tfx_python()), "-m", "tfx_runtime.predict", str(version), "--json"]
    done = subprocess.run(
        [*command, "--rows", str(count)],
        cwd=PROJECT_ROOT,
        env=tfx_environment(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SetupError(f"The rows to predict cannot be read: {done.stderr.strip()[-500:]}")
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


@contextmanager
def _traffic(home: Home) -> Iterator[None]:
    """Asks the endpoint all the while, as users would: a canary needs to be asked."""
    from tfx_airflow.models import find_model
    from tfx_airflow.serving.clients import connect
    from tfx_airflow.serving.predict import predict

    clients = connect(find_model(home, DEMO_MODEL).serving(), home)
    # Many, because a canary compares distributions of predictions.
    instances = [row["columns"] for row in _rows(home, _TRAFFIC_ROWS)]
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(_PAUSE_SECONDS):
            # Before the first version is there, nothing answers.
            with suppress(TfxAirflowError):
                predict(clients, DEMO_MODEL, random.sample(instances, _ROWS), None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _last_push(home: Home) -> str | None:
    with _api(home) as api:
        run = api.last_run(dag_id(DEMO_MODEL, PUSH))
    return run["dag_run_id"] if run else None


def _next_push(home: Home, before: str | None) -> str:
    """The run that the pushed version has started."""
    deadline = time.monotonic() + _PUSH_STARTS_SECONDS
    while time.monotonic() < deadline:
        newest = _last_push(home)
        if newest and newest != before:
            return newest
        time.sleep(0.5)
    raise SetupError(f"{dag_id(DEMO_MODEL, PUSH)} did not start in {_PUSH_STARTS_SECONDS} s.")


def _api(home: Home) -> AirflowApi:
    from tfx_airflow.api import AirflowApi
    from tfx_airflow.deployment.layout import Layout

    return AirflowApi(Layout(home))
