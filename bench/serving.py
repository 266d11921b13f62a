"""The endpoint under load beside the bare SavedModel: one version, one server process, wrk."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.endpoint_process import EndpointProcess, endpoint_process
from tfx_airflow.command import tfx_environment
from tfx_contract.home import PROJECT_ROOT, tfx_python

_CONNECTIONS = 64
_BATCH_CONNECTIONS = 4
_SECONDS = 6
_ROUNDS = 3
_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = io.open("{body}"):read("*a")
{pace}
function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.status + errors.timeout + errors.connect + errors.read + errors.write
  io.write(string.format("RESULT %d %d %d %d\\n",
    summary.requests, summary.duration, failed, latency:percentile(99)))
end
"""
# Exponential pauses of each connection make the requests come as a Poisson process.
_PACE = "function delay() return -{milliseconds} * math.log(1 - math.random()) end"


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw."""

    per_second: float
    failed: int
    p99_ms: float


@dataclass(frozen=True)
class Serving:
    """Rounds of each kind of load; `bare` holds calls or instances a second without a server."""

    bare: dict[str, float]
    rows: list[Load]
    rows_unlogged: list[Load]
    examples: list[Load]
    batches: list[Load]
    columns: list[Load]
    half_load: Load
    switch: Load

    @property
    def batch_size(self) -> int:
        return int(self.bare["batch_size"])


def measure(version: Path) -> Serving:
    """Takes a pushed version of the Chicago taxi model through every load: some minutes."""
    with tempfile.TemporaryDirectory(prefix="tfx-airflow-bench-") as folder, ExitStack() as stack:
        scratch = Path(folder)
        given = _bare(version)
        bodies = _bodies(scratch, given["row"], given["examples"])
        logged, unlogged = (
            stack.enter_context(endpoint_process(scratch / name, version, rate))
            for name, rate in (("logged", 1.0), ("unlogged", 0.0))
        )
        # Side by side in turns, since the machine is faster at one time than at another.
        pairs = [
            (_load(logged, bodies["row"]), _load(unlogged, bodies["row"])) for _ in range(_ROUNDS)
        ]
        rows = [ours for ours, _ in pairs]
        pause = 1000 * _CONNECTIONS / (statistics.median(r.per_second for r in rows) / 2)
        return Serving(
            bare={**given["rates"], "batch_size": len(given["examples"])},
            rows=rows,
            rows_unlogged=[theirs for _, theirs in pairs],
            examples=[_load(logged, bodies["example"]) for _ in range(_ROUNDS)],
            batches=[_load(logged, bodies["batch"], _BATCH_CONNECTIONS) for _ in range(_ROUNDS)],
            columns=[_load(logged, bodies["columns"], _BATCH_CONNECTIONS) for _ in range(_ROUNDS)],
            half_load=_load(logged, bodies["row"], pause=pause),
            switch=_switch(logged, bodies["row"]),
        )


def _bare(version: Path) -> dict[str, Any]:
    command = [str(tfx_python()), "-m", "bench.bare_saved_model", str(version)]
    done = subprocess.run(
        command, cwd=PROJECT_ROOT, env=tfx_environment(), capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"the bare SavedModel failed:\n{done.stderr[-3000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _bodies(scratch: Path, row: dict[str, Any], examples: list[str]) -> dict[str, Path]:
    """Files with requests, by name."""
    rows = [row] * len(examples)
    bodies = {
        "row": {"signature_name": "serving_json", "instances": [row]},
        "example": {"signature_name": "serving_default", "instances": [{"b64": examples[0]}]},
        "batch": {
            "signature_name": "serving_default",
            "instances": [{"b64": example} for example in examples],
        },
        "columns": {
            "signature_name": "serving_json",
            "inputs": {name: [each[name] for each in rows] for name in row},
        },
    }
    for name, body in bodies.items():
        (scratch / f"{name}.json").write_text(json.dumps(body))
    return {name: scratch / f"{name}.json" for name in bodies}


def _load(
    endpoint: EndpointProcess, body: Path, connections: int = _CONNECTIONS, pause: float = 0
) -> Load:
    """One run of wrk; `pause` is the mean pause of a connection in milliseconds."""
    script = body.with_suffix(".lua")
    pace = _PACE.format(milliseconds=pause) if pause else ""
    script.write_text(_SCRIPT.format(body=body, pace=pace))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{_SECONDS}s", "-s", str(script)]
    done = subprocess.run(
        [*command, endpoint.raw_predict], capture_output=True, text=True, check=True
    )
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    requests, microseconds, failed, p99 = map(int, line.split()[1:])
    return Load(requests / (microseconds / 1e6), failed, p99 / 1000)


def _switch(endpoint: EndpointProcess, body: Path) -> Load:
    """A second version takes over in the middle of the load, and the first one is undeployed."""
    with _in_background(lambda: (time.sleep(_SECONDS / 4), endpoint.switch())):
        return _load(endpoint, body)


@contextmanager
def _in_background(work: Any) -> Iterator[None]:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()
    if failures:
        raise failures[0]
