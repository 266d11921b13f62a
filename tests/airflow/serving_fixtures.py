"""One endpoint for all tests that do no harm to it, and a model of its own for each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airflow.serving import TFX_PYTHON, EndpointProcess, Model, make_saved_models, point_at
from tfx_contract.home import Home


@pytest.fixture(scope="session")
def saved_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not TFX_PYTHON.exists():
        pytest.skip(f"there is no TFX environment at {TFX_PYTHON}")
    return make_saved_models(tmp_path_factory.mktemp("saved_models"))


@pytest.fixture(scope="session")
def endpoint_process(
    tmp_path_factory: pytest.TempPathFactory, saved_models: Path
) -> Iterator[EndpointProcess]:
    process = EndpointProcess(tmp_path_factory.mktemp("endpoint")).start()
    yield process
    process.kill()


@pytest.fixture
def served(
    home: Home,
    endpoint_process: EndpointProcess,
    saved_models: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Model:
    """A model that nobody has pushed yet."""
    point_at(home, endpoint_process.address)
    log = endpoint_process.folder / "state" / "request_log.db"
    monkeypatch.setenv("TFX_AIRFLOW_REQUEST_LOG", f"sqlite:///{log}")
    monkeypatch.delenv("TFX_AIRFLOW_ENDPOINT", raising=False)
    return Model(home, f"taxi_{uuid.uuid4().hex[:8]}", saved_models)
