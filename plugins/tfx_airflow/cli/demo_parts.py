"""What the demos share: rows to ask with, traffic, and the runs that follow a training."""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tfx_contract.compiled import PUSH, dag_id
from tfx_contract.errors import SetupError, TfxAirflowError
from tfx_contract.home import PROJECT_ROOT, Home, tfx_python

if TYPE_CHECKING:
    from tfx_airflow.api import AirflowApi

DEMO_MODEL = "chicago_taxi"
_TRAFFIC_ROWS = 1000
_ROWS_AT_ONCE = 10
_PAUSE_SECONDS = 0.05
_PUSH_STARTS_SECONDS = 60


def eval_rows(home: Home, count: int) -> list[dict[str, Any]]:
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
def traffic(home: Home) -> Iterator[None]:
    """Asks the endpoint all the while, as users would: a canary needs to be asked."""
    from tfx_airflow.models import find_model
    from tfx_airflow.serving.clients import connect
    from tfx_airflow.serving.predict import predict

    clients = connect(find_model(home, DEMO_MODEL).serving(), home)
    # Many, because a canary compares distributions of predictions.
    instances = [row["columns"] for row in eval_rows(home, _TRAFFIC_ROWS)]
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(_PAUSE_SECONDS):
            # Before the first version is there, nothing answers.
            with suppress(TfxAirflowError):
                predict(clients, DEMO_MODEL, random.sample(instances, _ROWS_AT_ONCE), None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def last_push(home: Home) -> str | None:
    """The newest run of the push DAG."""
    with airflow_api(home) as api:
        run = api.last_run(dag_id(DEMO_MODEL, PUSH))
    return run["dag_run_id"] if run else None


def push_with_traffic(home: Home, before: str | None) -> None:
    """Follows the push that a pushed version has started.

    Args:
      home: Where.
      before: The newest run of the push DAG before that.
    """
    from tfx_airflow.cli.push import follow_push

    with traffic(home):
        follow_push(DEMO_MODEL, _next_push(home, before))


def airflow_api(home: Home) -> AirflowApi:
    """Airflow's of this home."""
    from tfx_airflow.api import AirflowApi
    from tfx_airflow.deployment.layout import Layout

    return AirflowApi(Layout(home))


def _next_push(home: Home, before: str | None) -> str:
    deadline = time.monotonic() + _PUSH_STARTS_SECONDS
    while time.monotonic() < deadline:
        newest = last_push(home)
        if newest and newest != before:
            return newest
        time.sleep(0.5)
    raise SetupError(f"{dag_id(DEMO_MODEL, PUSH)} did not start in {_PUSH_STARTS_SECONDS} s.")
