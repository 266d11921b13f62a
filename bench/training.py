"""The Chicago taxi training run: in Airflow, and in TFX's LocalDagRunner on the same package."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from tfx_airflow.api import AirflowApi
from tfx_airflow.command import tfx_environment
from tfx_airflow.deployment.layout import Layout
from tfx_airflow.worker_client import WorkerClient
from tfx_contract.compiled import load_pointer
from tfx_contract.home import PROJECT_ROOT, Home, tfx_python
from tfx_contract.node import NodeRequest, Run

MODEL = "chicago_taxi"
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class AirflowRun:
    """One run from trigger to end."""

    seconds: float
    overheads: list[float]

    @property
    def median_overhead(self) -> float:
        """Median over the nodes of a task's duration less the node's own work, in seconds."""
        return statistics.median(self.overheads)


def airflow_run(home: Home, force: bool) -> AirflowRun:
    """Triggers the model's DAG and waits for its end."""
    with AirflowApi(Layout(home)) as api:
        started = time.monotonic()
        run_id = api.trigger(MODEL, {"force_full_run": force})
        while (state := api.run_state(MODEL, run_id)) not in ("success", "failed"):
            time.sleep(_POLL_SECONDS)
        seconds = time.monotonic() - started
        if state == "failed":
            raise RuntimeError(f"The run {run_id} failed; its log is under {home.airflow / 'logs'}")
        return AirflowRun(seconds, _overheads(api, run_id))


def local_dag_runner(home: Home, warm: bool) -> float:
    """Seconds that TFX's LocalDagRunner takes for the same package, in an empty root.

    Cold is the wall time of a process from start to exit; warm is its run without the imports.
    """
    with tempfile.TemporaryDirectory(prefix="tfx-airflow-bench-") as scratch:
        request_file = _request(home, Path(scratch)).write(Path(scratch) / "request.json")
        command = [str(tfx_python()), "-m", "bench.local_dag_runner", str(request_file)]
        started = time.monotonic()
        done = subprocess.run(
            [*command, "--warm"] if warm else command,
            cwd=PROJECT_ROOT,
            env=tfx_environment() | {"GX_ANALYTICS_ENABLED": "false"},
            capture_output=True,
            text=True,
        )
        wall = time.monotonic() - started
    if done.returncode:
        raise RuntimeError(f"LocalDagRunner failed:\n{done.stderr[-3000:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"]) if warm else wall


def stop_worker(home: Home) -> None:
    """Ends the warm worker, so that every node starts cold."""
    os.kill(WorkerClient(home.worker_socket).ping()["pid"], signal.SIGKILL)


def _request(home: Home, scratch: Path) -> NodeRequest:
    folder = home.compiled / MODEL
    return NodeRequest(
        model=MODEL,
        node_id="all",
        package=str(folder / load_pointer(folder).digest),
        run=Run(dag_id=MODEL, run_id="bench"),
        token=uuid.uuid4().hex,
        pipeline_root=str(scratch / "root"),
        metadata=f"sqlite:///{scratch / 'metadata.db'}",
        versions=str(scratch / "versions"),
    )


def _overheads(api: AirflowApi, run_id: str) -> list[float]:
    overheads = []
    for node, task in api.tasks(MODEL, run_id).items():
        result = api.result(MODEL, run_id, node)
        if result and task.seconds is not None:
            overheads.append(task.seconds - result["seconds"])
    return overheads
