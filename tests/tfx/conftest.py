"""A compiled toy pipeline, and a warm worker that the tests of one session share."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tfx.harness import TOY, WorkerProcess
from tfx_contract.node import NodeRequest, Run

sys.path.insert(0, str(TOY))

TOY_SPEC = """
parameters:
  repeat: {type: int, bind: Source.repeat, minimum: 1, maximum: 9}
  control: {type: str, bind: Patient.control}
  mood: {type: str, bind: Moody.mood}
"""


@pytest.fixture(autouse=True)
def restored_process() -> Iterator[None]:
    """A node takes the process for its own; the next test finds it as this one did."""
    from tfx.orchestration.portable.tfx_runner import IrBasedRunner

    folder, path, arguments, run = Path.cwd(), list(sys.path), sys.argv, IrBasedRunner.run
    yield
    os.chdir(folder)
    sys.path[:], sys.argv, IrBasedRunner.run = path, arguments, run


@pytest.fixture
def toy_folder(tmp_path: Path) -> Path:
    """A model folder with a pipeline of three toy components."""
    folder = tmp_path / "dags" / "toy"
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text(TOY_SPEC)
    shutil.copy(TOY / "pipeline.py", folder)
    return folder


@pytest.fixture
def toy_package(toy_folder: Path, tmp_path: Path) -> Path:
    """The toy model, compiled."""
    from tfx_runtime.compile import compile_model

    compiled = tmp_path / "compiled"
    return compiled / "toy" / compile_model(toy_folder, compiled).digest


@pytest.fixture
def request_for(toy_package: Path, tmp_path: Path) -> Callable[..., NodeRequest]:
    """Makes requests for nodes of the toy pipeline, each a try of its own."""

    def make(node_id: str, run_id: str = "run-1", **changes: Any) -> NodeRequest:
        return NodeRequest(
            model="toy",
            node_id=node_id,
            package=str(toy_package),
            run=Run(dag_id="toy", run_id=run_id),
            token=uuid.uuid4().hex,
            pipeline_root=str(tmp_path / "root"),
            metadata=f"sqlite:///{tmp_path / 'metadata.db'}",
            versions=str(tmp_path / "versions"),
            **changes,
        )

    return make


@pytest.fixture(scope="session")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    """One warm worker for all tests that do no harm to it."""
    process = WorkerProcess(tmp_path_factory.mktemp("worker"))
    try:
        process.wait()
        yield process
    finally:
        process.stop()
