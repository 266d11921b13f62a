"""Beam nodes run in this process, and TFX need not pack itself up for that."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tfx_contract.node import NodeRequest, NodeResult, NodeState, Run
from tfx_runtime.compile import compile_model

TAXI = Path(__file__).parents[2] / "dags" / "chicago_taxi"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    rows = "".join(f"{n},{n / 2},Cash\n" for n in range(50))
    (folder / "trips.csv").write_text("fare,tips,payment_type\n" + rows)
    return folder


def test_a_beam_node_leaves_no_package_of_tfx_behind(data: Path, tmp_path: Path) -> None:
    compiled = tmp_path / "compiled"
    digest = compile_model(TAXI, compiled).digest
    request = NodeRequest(
        model=TAXI.name,
        node_id="ExampleGen",
        package=str(compiled / TAXI.name / digest),
        run=Run(dag_id=TAXI.name, run_id="run-1"),
        token=uuid.uuid4().hex,
        pipeline_root=str(tmp_path / "root"),
        metadata=f"sqlite:///{tmp_path / 'metadata.db'}",
        versions=str(tmp_path / "versions"),
        parameters={"data_uri": str(data)},
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "tfx_runtime.run_node"]
    command += [str(request.write(tmp_path / "request.json")), "--result", str(tmp_path / "out")]
    done = subprocess.run(
        command, env=os.environ | {"TMPDIR": str(scratch)}, capture_output=True, text=True
    )
    result = NodeResult.read(tmp_path / "out")
    assert result.state is NodeState.COMPLETE, done.stdout
    examples = Path(result.outputs["examples"][0].uri)
    assert list(examples.glob("Split-train/*.gz"))
    assert not list(scratch.rglob("tfx_ephemeral*"))
