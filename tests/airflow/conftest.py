"""A home with a hand-made model, and a stand-in for the TFX environment."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airflow.hand_made import write_model, write_package
from tests.airflow.serving_fixtures import endpoint_process, saved_models, served  # noqa: F401
from tfx_airflow.deployment.local import LocalDeployment
from tfx_contract.home import PROJECT_ROOT, Home
from tfx_contract.node import NodeRequest, Run

# Airflow reads these when it is first imported, which is after this module.
_AIRFLOW = tempfile.TemporaryDirectory(prefix="airflow-")
os.environ["AIRFLOW_HOME"] = _AIRFLOW.name
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "True"
os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(PROJECT_ROOT / "plugins")

STAND_IN = Path(__file__).with_name("stand_in_tfx.py")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """An empty home with the environment pointing at it; nothing that it started lives on."""
    monkeypatch.setenv("TFX_AIRFLOW_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("TFX_AIRFLOW_DAGS", str(tmp_path / "dags"))
    monkeypatch.delenv("TFX_AIRFLOW_METADATA", raising=False)
    monkeypatch.setenv("TFX_AIRFLOW_TFX_PYTHON", str(stand_in_python(tmp_path)))
    home = Home.from_environment()
    yield home
    if home.airflow.exists():
        LocalDeployment(home).down()


@pytest.fixture
def model(home: Home) -> Path:
    """A compiled model called taxi."""
    write_model(home)
    return write_package(home)


@pytest.fixture
def node_request(home: Home) -> NodeRequest:
    """A request that the stand-in completes."""
    return NodeRequest(
        model="taxi",
        node_id="Trainer",
        package=str(home.compiled / "taxi" / "aaaa1111"),
        run=Run(dag_id="taxi", run_id="manual__1"),
        token="first-token",
        pipeline_root=str(home.pipeline_root("taxi")),
        metadata=home.metadata,
        versions=str(home.versions("taxi")),
    )


def stand_in_python(folder: Path) -> Path:
    """An executable that takes the arguments of the TFX environment's Python."""
    path = folder / "stand-in-python"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="s-", dir="/tmp") as folder:
        yield Path(folder)
