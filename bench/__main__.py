"""`make bench`: everything in one go on one machine; only the ratios are for quoting."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from bench import dag_parse, scratch, training
from tfx_airflow.snapshots import Snapshots
from tfx_contract.home import Home
from tfx_contract.record import write_atomically

Results = dict[str, dict[str, Any]]

_HOW = {
    "airflow_run_over_local_dag_runner": (
        "First Airflow run in an empty home, worker warm, trigger to end, over a fresh process "
        "running LocalDagRunner on the same compiled package in an empty root."
    ),
    "warm_over_warm": (
        "Airflow run with a warm worker, everything forced to run, over LocalDagRunner in a "
        "process that had TFX imported."
    ),
    "cold_over_cold": (
        "Airflow run without a worker, every node in a process that imports TFX itself, over a "
        "fresh process running LocalDagRunner."
    ),
}


def main(repeats: int = 1, cold: bool = True) -> None:
    """Measures, prints, and writes `var/bench/results.json`.

    Args:
      repeats: how often each pair is measured; medians are reported.
      cold: whether to measure nodes that start cold as well, which takes minutes.
    """
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in _HOW}
    overheads: list[float] = []
    for _ in range(repeats):
        with scratch.deployment() as home:
            first = training.airflow_run(home, force=False)
            cold_peer = training.local_dag_runner(home, warm=False)
            pairs["airflow_run_over_local_dag_runner"].append((first.seconds, cold_peer))
            warm_peer = training.local_dag_runner(home, warm=True)
            again = training.airflow_run(home, force=True)
            pairs["warm_over_warm"].append((again.seconds, warm_peer))
            overheads += first.overheads + again.overheads
            parse = dag_parse.parse_milliseconds(_published_dag(home))
            if cold:
                training.stop_worker(home)
                alone = training.airflow_run(home, force=True)
                pairs["cold_over_cold"].append((alone.seconds, cold_peer))
    results = {name: _compared(name, measured) for name, measured in pairs.items() if measured}
    results["node_overhead"] = _single(
        statistics.median(overheads), "s", "Median over nodes: task duration less the node's work."
    )
    results["dag_parse"] = _single(parse, "ms", "Median of five processes, Airflow imported.")
    _report(results)


def _published_dag(home: Home) -> Path:
    snapshots = Snapshots(home)
    return home.snapshots / snapshots.publish() / training.MODEL / "dag.py"


def _compared(name: str, measured: list[tuple[float, float]]) -> dict[str, Any]:
    return {
        "ratio": round(statistics.median(ours / peer for ours, peer in measured), 3),
        "airflow_seconds": [round(ours, 1) for ours, _ in measured],
        "local_dag_runner_seconds": [round(peer, 1) for _, peer in measured],
        "how": _HOW[name],
    }


def _single(value: float, unit: str, how: str) -> dict[str, Any]:
    return {"median": round(value, 3), "unit": unit, "how": how}


def _report(results: Results) -> None:
    path = Home.from_environment().bench / "results.json"
    write_atomically(path, json.dumps(results, indent=2) + "\n")
    table = Table("what", "figure", "how it was taken")
    for name, result in results.items():
        figure = result.get("ratio") or f"{result['median']} {result['unit']}"
        table.add_row(name, str(figure), result["how"])
    Console().print(table)
    print(f"Written to {path}")


if __name__ == "__main__":
    typer.run(main)
