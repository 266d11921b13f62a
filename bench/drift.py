"""The drift check: its speed, its memory, the sensor's query, and alarms that are false."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import sensor_query
from tfx_airflow.command import tfx_environment
from tfx_contract.home import PROJECT_ROOT, tfx_python

_SENSOR_ROWS = 10_000_000
_TIMES = 5
_WINDOW_SIZES = (1_000, 10_000)


@dataclass
class Drift:
    """What was measured so far."""

    rows: int
    seconds: list[tuple[float, float]] = field(default_factory=list)
    memory: dict[int, dict[str, float]] = field(default_factory=dict)
    queries: list[sensor_query.Query] = field(default_factory=list)
    alarms: dict[int, dict[str, Any]] = field(default_factory=dict)


def measure(drift: Drift, windows: int, save: Callable[[], None]) -> None:
    """Takes every measurement, and saves after each: a quarter of an hour, mostly the windows.

    Args:
      drift: Takes the figures.
      windows: How many of each size are drawn for false alarms; 0 for none.
      save: Writes the figures down.
    """
    with tempfile.TemporaryDirectory(prefix="tfx-airflow-bench-") as folder:
        file = str(Path(folder) / "log.db")
        _run("drift_check", "log", file, drift.rows)
        speed = _run("drift_check", "speed", file, drift.rows, _TIMES)
        drift.seconds = list(zip(speed["ours"], speed["tfdv"], strict=True))
        save()
        for rows in (drift.rows // 4, drift.rows):
            drift.memory[rows] = _run("drift_check", "memory", file, rows)
            save()
    drift.queries = sensor_query.measure(_SENSOR_ROWS)
    save()
    for size in _WINDOW_SIZES if windows else ():
        drift.alarms[size] = _run("false_alarms", size, windows)
        save()


def drift_results(drift: Drift) -> dict[str, dict[str, Any]]:
    """All figures by name, each with how it was taken."""
    results = {}
    if drift.seconds:
        results["drift_check"] = _speed(drift)
    if drift.memory:
        results["drift_check_memory"] = _memory(drift)
    for query in drift.queries:
        results[f"drift_sensor, {query.case}"] = {
            "median": round(query.median, 2),
            "unit": "ms",
            "how": f"Counting {query.counted} requests in a log of {_SENSOR_ROWS:,}, SQLite.",
        }
    return results | {
        f"drift_false_alarms_{size}": _alarms(size, found) for size, found in drift.alarms.items()
    }


def _speed(drift: Drift) -> dict[str, Any]:
    return {
        "ratio": round(statistics.median(ours / tfdv for ours, tfdv in drift.seconds), 2),
        "check_seconds": [round(ours, 2) for ours, _ in drift.seconds],
        "tfdv_seconds": [round(tfdv, 2) for _, tfdv in drift.seconds],
        "how": f"From {drift.rows:,} logged requests in SQLite to the verdict, over TFDV's "
        "statistics in memory of the same rows, read before.",
    }


def _memory(drift: Drift) -> dict[str, Any]:
    peaks = {rows: round(each["peak"], 1) for rows, each in drift.memory.items()}
    growth = max(peaks.values()) - min(peaks.values())
    return {
        "median": round(growth, 1),
        "unit": "MiB",
        "peaks": peaks,
        "before": {rows: round(each["before"], 1) for rows, each in drift.memory.items()},
        "how": f"How much more a check of {max(peaks):,} requests takes at its peak than one of "
        f"{min(peaks):,}.",
    }


def _alarms(size: int, found: dict[str, Any]) -> dict[str, Any]:
    return {
        "median": len(found["alarms"]),
        "unit": f"of {found['windows']}",
        **found,
        "how": f"Windows of {size:,} trips drawn from the training data; the rate is below "
        f"{found['upper_bound']:.2%}, 95 % sure.",
    }


def _run(module: str, *arguments: str | int) -> dict[str, Any]:
    """What a module of this folder says in the TFX environment."""
    command = [str(tfx_python()), "-m", f"bench.{module}", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=PROJECT_ROOT, env=tfx_environment(), capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"bench.{module} failed:\n{done.stderr[-3000:]}")
    printed = done.stdout.splitlines()
    result: dict[str, Any] = json.loads(printed[-1]) if printed else {}
    return result
