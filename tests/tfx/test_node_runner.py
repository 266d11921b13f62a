"""Nodes that run, are killed, stopped and run again: MLMD and the files must come out right."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from tests.tfx.harness import TOY, WorkerProcess, eventually
from tfx_contract.node import NodeRequest, NodeResult, NodeState
from tfx_runtime.metadata import connection_config

Requests = Callable[..., NodeRequest]
COMPLETE = metadata_store_pb2.Execution.COMPLETE


@pytest.fixture
def control(tmp_path: Path) -> Path:
    return tmp_path / "control"


@pytest.fixture
def patient(
    worker: WorkerProcess, request_for: Requests, control: Path
) -> Callable[[], NodeRequest]:
    """Requests for the node that waits, its upstream done."""
    assert worker.run(request_for("Source")).succeeded
    return lambda: request_for("Patient", parameters={"control": str(control)})


def _let_go(control: Path) -> None:
    control.mkdir(exist_ok=True)
    (control / "go").touch()


def _started(control: Path) -> int:
    text = eventually(lambda: _text(control / "started"), "the node has started")
    (control / "started").unlink()
    return int(text)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _executions(request: NodeRequest, type_suffix: str) -> list[metadata_store_pb2.Execution]:
    store = MetadataStore(connection_config(request.metadata))
    types = {t.id: t.name for t in store.get_execution_types()}
    return [e for e in store.get_executions() if types[e.type_id].endswith(type_suffix)]


def _model_folder(result: NodeResult) -> Path:
    return Path(result.outputs["model"][0].uri)


def _is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_node_publishes_its_outputs_and_passes_its_log_on(
    worker: WorkerProcess, request_for: Requests
) -> None:
    job = worker.start_node(request_for("Source"))
    result = worker.result(job)
    assert result.state is NodeState.COMPLETE
    assert Path(result.outputs["examples"][0].uri, "rows.txt").read_text() == "row row row "
    assert any("Source" in line for line in job.lines)


def test_a_parameter_reaches_the_node(worker: WorkerProcess, request_for: Requests) -> None:
    result = worker.run(request_for("Source", parameters={"repeat": 1}))
    assert Path(result.outputs["examples"][0].uri, "rows.txt").read_text() == "row "


def test_a_parameter_out_of_bounds_fails_and_is_not_retried(
    worker: WorkerProcess, request_for: Requests
) -> None:
    failure = worker.run(request_for("Source", parameters={"repeat": 10})).failure
    assert failure is not None
    assert "10 is above the maximum 9" in failure.message
    assert not failure.retryable


def test_a_completed_node_returns_at_once_and_runs_no_second_time(
    worker: WorkerProcess, patient: Callable[[], NodeRequest], control: Path
) -> None:
    _let_go(control)
    first = worker.run(patient())
    _started(control)
    again = worker.run(patient())
    assert again.execution_id == first.execution_id
    assert again.outputs == first.outputs
    assert not (control / "started").exists()


def test_the_next_run_takes_the_cached_result_unless_told_not_to(
    worker: WorkerProcess, request_for: Requests
) -> None:
    first = worker.run(request_for("Source"))
    cached = worker.run(request_for("Source", run_id="run-2"))
    forced = worker.run(request_for("Source", run_id="run-3", use_cache=False))
    assert cached.state is NodeState.CACHED
    assert cached.outputs["examples"][0].uri == first.outputs["examples"][0].uri
    assert forced.state is NodeState.COMPLETE
    assert forced.outputs["examples"][0].uri != first.outputs["examples"][0].uri


def test_a_killed_try_leaves_nothing_and_its_retry_publishes_once(
    worker: WorkerProcess, patient: Callable[[], NodeRequest], control: Path
) -> None:
    killed = worker.start_node(patient())
    pid = _started(control)
    os.kill(pid, signal.SIGKILL)
    failure = worker.result(killed).failure
    assert failure is not None
    assert "SIGKILL" in failure.message
    _let_go(control)
    retry = patient()
    result = worker.run(retry)
    assert result.state is NodeState.COMPLETE
    assert (_model_folder(result) / "model.txt").exists()
    assert not list(_model_folder(result).glob(f"begun-by-{pid}"))
    assert [e.last_known_state for e in _executions(retry, "Patient")] == [COMPLETE]
    everything = Path(retry.pipeline_root, "Patient").rglob("begun-by-*")
    assert [p.parent for p in everything] == [_model_folder(result)]


def test_a_stopped_try_that_wakes_up_after_its_retry_publishes_nothing(
    worker: WorkerProcess, patient: Callable[[], NodeRequest], control: Path
) -> None:
    late = worker.start_node(patient())
    pid = _started(control)
    os.kill(pid, signal.SIGSTOP)
    _let_go(control)
    retry = patient()
    result = worker.run(retry)
    before = sorted(p.name for p in _model_folder(result).iterdir())
    os.kill(pid, signal.SIGCONT)
    failure = worker.result(late).failure
    assert failure is not None
    assert failure.kind == "FencedOut"
    assert sorted(p.name for p in _model_folder(result).iterdir()) == before
    [execution] = _executions(retry, "Patient")
    assert execution.last_known_state == COMPLETE
    store = MetadataStore(connection_config(retry.metadata))
    assert len(store.get_artifacts_by_type("Model")) == 1


def test_a_client_that_goes_away_takes_its_node_with_it(
    worker: WorkerProcess, patient: Callable[[], NodeRequest], control: Path
) -> None:
    job = worker.start_node(patient())
    pid = _started(control)
    job.close()
    eventually(lambda: _is_gone(pid), "the node's process has ended", 10)


def test_a_client_that_goes_away_ends_even_a_stopped_node(
    worker: WorkerProcess, patient: Callable[[], NodeRequest], control: Path
) -> None:
    job = worker.start_node(patient())
    pid = _started(control)
    os.kill(pid, signal.SIGSTOP)
    job.close()
    eventually(lambda: _is_gone(pid), "the node's process has ended", 10)


def test_a_component_that_raises_is_reported_with_its_trace(
    worker: WorkerProcess, request_for: Requests
) -> None:
    worker.run(request_for("Source"))
    failure = worker.run(request_for("Moody", parameters={"mood": "fail"})).failure
    assert failure is not None
    assert "the mood is bad" in failure.message
    assert "toy_components.py" in failure.trace
    assert failure.retryable


def test_temporary_files_of_a_node_go_with_it(worker: WorkerProcess, request_for: Requests) -> None:
    worker.run(request_for("Source"))
    job = worker.start_node(request_for("Moody", parameters={"mood": "leave a file"}))
    assert worker.result(job).succeeded
    (left,) = (line.split()[1] for line in job.lines if line.startswith("left "))
    assert not Path(left).parent.exists()


def test_bad_data_is_not_worth_a_retry(worker: WorkerProcess, request_for: Requests) -> None:
    worker.run(request_for("Source"))
    failure = worker.run(request_for("Moody", parameters={"mood": "bad data"})).failure
    assert failure is not None
    assert (failure.kind, failure.retryable) == ("DataError", False)
    assert failure.message == "rows.txt, row 3: found a joke"


def test_a_process_that_ends_without_a_word_is_a_failure(
    worker: WorkerProcess, request_for: Requests
) -> None:
    worker.run(request_for("Source"))
    failure = worker.run(request_for("Moody", parameters={"mood": "exit"})).failure
    assert failure is not None
    assert "status 7" in failure.message


def test_a_node_without_its_inputs_fails_though_the_launcher_returns(
    worker: WorkerProcess, request_for: Requests
) -> None:
    result = worker.run(request_for("Moody"))
    assert result.state is NodeState.FAILED


def test_the_watchdog_ends_a_deadlock_shows_its_stacks_and_the_retry_runs(
    worker: WorkerProcess, request_for: Requests
) -> None:
    worker.run(request_for("Source"))
    hanging = request_for("Moody", parameters={"mood": "deadlock"}, stall_seconds=3)
    job = worker.start_node(hanging)
    failure = worker.result(job).failure
    assert failure is not None
    assert failure.kind == "NodeStalled"
    assert "execution.stall_minutes" in failure.message
    assert any("toy_components.py" in line for line in job.lines)
    assert worker.run(request_for("Moody", parameters={"mood": "good"})).succeeded


def test_a_process_left_behind_neither_holds_up_the_node_nor_outlives_it(
    worker: WorkerProcess, request_for: Requests
) -> None:
    worker.run(request_for("Source"))
    assert worker.run(request_for("Moody", parameters={"mood": "leave a child"})).succeeded
    eventually(
        lambda: not [p for p in psutil.process_iter() if _command(p) == ["sleep", "600"]],
        "the process left behind has ended",
        10,
    )


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def test_many_nodes_at_once_share_one_sqlite_database(
    worker: WorkerProcess, request_for: Requests
) -> None:
    jobs = [worker.start_node(request_for("Source", run_id=f"run-{n}")) for n in range(8)]
    results = [worker.result(job) for job in jobs]
    assert [r.failure for r in results] == [None] * 8
    assert len({r.execution_id for r in results}) == 8


def test_the_command_runs_a_node_cold_and_dies_with_its_parent(
    patient: Callable[[], NodeRequest], control: Path, tmp_path: Path
) -> None:
    request_file = patient().write(tmp_path / "request.json")
    result_file = tmp_path / "result.json"
    command = [sys.executable, "-m", "tfx_runtime.run_node", str(request_file)]
    command += ["--result", str(result_file)]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {"PYTHONPATH": str(TOY), "TMPDIR": str(temporary)}
    killed = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    pid = _started(control)
    killed.kill()
    killed.wait()
    eventually(lambda: _is_gone(pid), "the node's process has ended", 10)

    _let_go(control)
    left_by_the_kill = set(temporary.iterdir())
    retry = patient().write(request_file)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert retry == request_file
    assert NodeResult.read(result_file).state is NodeState.COMPLETE
    assert set(temporary.iterdir()) == left_by_the_kill


def test_a_worker_that_is_killed_takes_its_nodes_with_it(
    patient: Callable[[], NodeRequest], control: Path, tmp_path: Path
) -> None:
    own = WorkerProcess(tmp_path)
    own.wait()
    job = own.start_node(patient())
    pid = _started(control)
    own.process.kill()
    own.process.wait()
    eventually(lambda: _is_gone(pid), "the node's process has ended", 10)
    assert job.answer is None


def test_the_socket_belongs_to_its_owner_alone(worker: WorkerProcess) -> None:
    assert worker.socket.stat().st_mode & 0o077 == 0
    assert worker.socket.parent.stat().st_mode & 0o077 == 0


def test_the_worker_answers_nonsense_with_what_is_allowed(worker: WorkerProcess) -> None:
    assert "allowed: ping, run_node, compile" in worker.ask({"sing": {}})["error"]


def test_the_worker_compiles(worker: WorkerProcess, toy_folder: Path, tmp_path: Path) -> None:
    request = {"compile": {"folder": str(toy_folder), "compiled": str(tmp_path / "elsewhere")}}
    digest = worker.ask(request)["digest"]
    assert (tmp_path / "elsewhere" / "toy" / digest / "package.json").exists()
    (toy_folder / "model.yaml").write_text("nonsense: 1")
    assert "there is no such key" in worker.ask(request)["error"]
