"""`make bench`: everything in one go on one machine; only the ratios are for quoting."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from bench import dag_parse, drift, many_models, scratch, serving, training
from bench.serving_results import serving_results
from tfx_airflow.snapshots import Snapshots
from tfx_airflow.versions import newest_version
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


def main(
    repeats: int = 1,
    cold: bool = True,
    models: int = 1000,
    requests: int = 1_000_000,
    windows: int = 2_000,
) -> None:
    """Measures, prints, and writes `var/bench/results.json`, anew after each measurement.

    Args:
      repeats: how often each pair is measured; medians are reported. 0 for none.
      cold: whether to measure nodes that start cold as well, which takes minutes.
      models: how many models the DAG processor is given beside as many empty DAGs; 0 for none.
      requests: how many logged requests a drift check is made of; 0 for no drift figures.
      windows: how many windows of each size are looked at for false alarms; 0 for none.
    """
    # Asked now, because each measurement has a home of its own.
    figures = Figures(Home.from_environment().bench / "results.json")
    if models:
        figures.folder = many_models.measure(models)
    for _ in range(repeats):
        with scratch.deployment() as home:
            _measure(home, figures, cold)
    if requests:
        figures.drift = drift.Drift(requests)
        drift.measure(figures.drift, windows, figures.save)
    _show(figures.results())
    print(f"Written to {figures.path}")


def _measure(home: Home, figures: Figures, cold: bool) -> None:
    first = training.airflow_run(home, force=False)
    cold_peer = training.local_dag_runner(home, warm=False)
    figures.pair("airflow_run_over_local_dag_runner", first, cold_peer)
    figures.parses.append(dag_parse.parse_milliseconds(_published_dag(home)))
    warm_peer = training.local_dag_runner(home, warm=True)
    figures.pair("warm_over_warm", training.airflow_run(home, force=True), warm_peer)
    if cold:
        training.stop_worker(home)
        alone = training.airflow_run(home, force=True)
        figures.pair("cold_over_cold", alone, cold_peer)
    figures.serving = serving.measure(newest_version(home, training.MODEL))
    figures.save()


class Figures:
    """What was measured so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pairs: dict[str, list[tuple[float, float]]] = {}
        self.overheads: list[float] = []
        self.parses: list[float] = []
        self.folder: many_models.Folder | None = None
        self.serving: serving.Serving | None = None
        self.drift: drift.Drift | None = None

    def pair(self, name: str, ours: training.AirflowRun, peer: float) -> None:
        """Takes one Airflow run and its peer's seconds, and saves all there is."""
        self.pairs.setdefault(name, []).append((ours.seconds, peer))
        if name != "cold_over_cold":
            self.overheads += ours.overheads
        self.save()

    def save(self) -> None:
        """Writes all there is."""
        write_atomically(self.path, json.dumps(self.results(), indent=2) + "\n")

    def results(self) -> Results:
        """All figures by name, each with how it was taken."""
        results = {name: _compared(name, measured) for name, measured in self.pairs.items()}
        if self.overheads:
            results["node_overhead"] = _single(
                self.overheads, "s", "Median over nodes: task duration less the node's work."
            )
        if self.folder:
            results |= _folder(self.folder)
        if self.serving:
            results |= serving_results(self.serving)
        if self.drift:
            results |= drift.drift_results(self.drift)
        if self.parses:
            results["dag_parse"] = _single(
                self.parses, "ms", "Median of five processes, Airflow imported."
            )
        return results


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


def _folder(folder: many_models.Folder) -> Results:
    processor = {
        "ratio": round(folder.our_seconds / folder.empty_seconds, 3),
        "model_seconds": round(folder.our_seconds, 1),
        "empty_dag_seconds": round(folder.empty_seconds, 1),
        "how": f"DAG processor, first DAG stored to last, {folder.models} models over as many "
        "empty DAGs, a process a core.",
    }
    compilation = _single(folder.compile_seconds, "s", "Median model, asked of the warm worker.")
    return {"dag_processor": processor, "compilation": compilation}


def _single(values: list[float], unit: str, how: str) -> dict[str, Any]:
    return {"median": round(statistics.median(values), 3), "unit": unit, "how": how}


def _show(results: Results) -> None:
    table = Table("what", "figure", "how it was taken")
    for name, result in results.items():
        figure = result.get("ratio") or f"{result['median']} {result['unit']}"
        table.add_row(name, str(figure), result["how"])
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
