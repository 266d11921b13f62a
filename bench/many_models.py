"""A folder of a thousand models: what the DAG processor and the compiler take for it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL

import yaml

from bench.training import MODEL
from tfx_airflow.command import tfx_environment
from tfx_airflow.deployment.layout import Layout
from tfx_airflow.deployment.settings import airflow_environment, write_settings
from tfx_airflow.runner import Tfx, compile_model
from tfx_airflow.worker_client import WorkerClient, WorkerError
from tfx_contract.compiled import PACKAGE_FILE, POINTER_FILE, Package, load_package, load_pointer
from tfx_contract.home import PROJECT_ROOT, Home, tfx_python

_EMPTY_DAG = 'from airflow.sdk import DAG\n\nwith DAG("{name}"):\n    pass\n'
_WORKER_START_SECONDS = 120
_PARSE_SECONDS = 900
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Folder:
    """What a folder of so many models takes."""

    models: int
    our_seconds: float
    empty_seconds: float
    compile_seconds: list[float]


def measure(models: int, compiled: int = 20) -> Folder:
    """Times the DAG processor on the models and on as many empty DAGs, and some compilations.

    Each of the two is an `airflow dag-processor` with a bundle and a database of its own, from the
    first DAG that it stores to the last. A compilation is asked of the warm worker.
    """
    compiled = min(compiled, models)
    with tempfile.TemporaryDirectory(prefix="tfx-airflow-bench-") as scratch:
        home = _home(Path(scratch) / "models")
        with _worker(home):
            seconds = [_compile(home, number) for number in range(compiled)]
        _copies(home, models, compiled)
        ours = _process_dags(home, _our_bundle(), models)
        empty = _home(Path(scratch) / "empty")
        for number in range(models):
            (empty.dags / f"empty_{number}.py").write_text(
                _EMPTY_DAG.format(name=f"empty_{number}")
            )
        theirs = _process_dags(empty, _folder_bundle(empty), models)
    return Folder(models, ours, theirs, seconds)


def _home(root: Path) -> Home:
    home = Home(root, root / "dags", f"sqlite:///{root / 'metadata.db'}")
    home.dags.mkdir(parents=True)
    shared = PROJECT_ROOT / "dags" / "_shared"
    if shared.is_dir():
        shutil.copytree(shared, home.dags / "_shared")
    return home


def _compile(home: Home, number: int) -> float:
    folder = home.dags / f"model_{number}"
    shutil.copytree(PROJECT_ROOT / "dags" / MODEL, folder)
    spec = yaml.safe_load((folder / "model.yaml").read_text())
    # One DAG a model, as the empty ones beside them are.
    del spec["serving"], spec["drift"]
    (folder / "model.yaml").write_text(yaml.safe_dump(spec))
    started = time.monotonic()
    tfx = Tfx(home.worker_socket, [str(tfx_python())])
    compile_model(folder, home.compiled, _refuse_cold, tfx)
    return time.monotonic() - started


def _refuse_cold(line: str) -> None:
    if "compiling cold" in line:
        raise RuntimeError(line)


def _copies(home: Home, models: int, compiled: int) -> None:
    """The rest of the models, as if each had been compiled."""
    first = home.compiled / "model_0"
    pointer = load_pointer(first)
    package = load_package(first / pointer.digest)
    for number in range(compiled, models):
        name = f"model_{number}"
        shutil.copytree(home.dags / "model_0", home.dags / name)
        pointer.write(home.compiled / name / POINTER_FILE)
        renamed: Package = package.model_copy(update={"model": name})
        renamed.write(home.compiled / name / pointer.digest / PACKAGE_FILE)


@contextmanager
def _worker(home: Home) -> Iterator[None]:
    command = [str(tfx_python()), "-m", "tfx_runtime.worker", "--socket", str(home.worker_socket)]
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=tfx_environment(), stdout=DEVNULL)
    try:
        _until(lambda: bool(WorkerClient(home.worker_socket).ping(seconds=1).get("ready")))
        yield
    finally:
        process.terminate()
        process.wait()


def _until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WORKER_START_SECONDS
    while time.monotonic() < deadline:
        with suppress(WorkerError):
            if ready():
                return
        time.sleep(0.5)
    raise RuntimeError(f"no worker after {_WORKER_START_SECONDS} s")


def _our_bundle() -> dict[str, object]:
    return {"name": "bench", "classpath": "tfx_airflow.bundle.CompiledDagBundle", "kwargs": {}}


def _folder_bundle(home: Home) -> dict[str, object]:
    classpath = "airflow.dag_processing.bundles.local.LocalDagBundle"
    return {"name": "bench", "classpath": classpath, "kwargs": {"path": str(home.dags)}}


def _process_dags(home: Home, bundle: dict[str, object], expected: int) -> float:
    """Seconds from the first DAG that Airflow's database has to the last one."""
    layout = Layout(home)
    write_settings(layout, port=1)
    environment = airflow_environment(layout) | {
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": str(os.cpu_count() or 1),
    }
    command = [sys.executable, "-m", "airflow"]
    subprocess.run(
        [*command, "db", "migrate"], cwd=PROJECT_ROOT, env=environment, check=True, stdout=DEVNULL
    )
    processor = subprocess.Popen(
        [*command, "dag-processor"], cwd=PROJECT_ROOT, env=environment, stdout=DEVNULL
    )
    try:
        begun = _when(layout.database, 1)
        return _when(layout.database, expected) - begun
    finally:
        # Asked to end while it starts a child, it sometimes goes on.
        processor.kill()
        processor.wait()


def _when(database: Path, count: int) -> float:
    """The moment at which so many DAGs are stored with their graphs."""
    deadline = time.monotonic() + _PARSE_SECONDS
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as reader:
            (found,) = reader.execute("SELECT count(*) FROM serialized_dag").fetchone()
        if found >= count:
            return time.monotonic()
        time.sleep(_POLL_SECONDS)
    raise RuntimeError(f"after {_PARSE_SECONDS} s the DAG processor had taken up {found} DAGs")
