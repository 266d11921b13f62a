"""What parsing a model's `dag.py` costs beyond importing Airflow."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

_PROBE = """
import json, sys, time
import airflow.sdk
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.dag_processing.dagbag import DagBag
started = time.perf_counter()
bag = DagBag(sys.argv[1], bundle_path=sys.argv[2], bundle_name="bench")
seconds = time.perf_counter() - started
assert not bag.import_errors, bag.import_errors
foreign = sorted({"tensorflow", "tfx"} & set(sys.modules))
print(json.dumps({"milliseconds": 1000 * seconds, "dags": len(bag.dags), "foreign": foreign}))
"""


def parse_milliseconds(dag_file: Path, repeats: int = 5) -> float:
    """Median over fresh processes of the time to load one DAG file, Airflow imported before."""
    return statistics.median(_once(dag_file) for _ in range(repeats))


def _once(dag_file: Path) -> float:
    command = [sys.executable, "-c", _PROBE, str(dag_file), str(dag_file.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    if figures["foreign"] or figures["dags"] != 1:
        raise RuntimeError(f"{dag_file}: parsing gave {figures}")
    return float(figures["milliseconds"])
