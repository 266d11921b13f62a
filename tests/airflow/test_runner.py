"""The way from an Airflow task to TFX: warm worker first, cold command behind it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tfx_airflow.runner import NodeRunner, Tfx, compile_model
from tfx_airflow.worker_client import WorkerClient, WorkerError, check_private
from tfx_contract.errors import CompileError, NodeFailed, SetupError
from tfx_contract.home import Home
from tfx_contract.node import NodeRequest, NodeState

STAND_IN = Path(__file__).with_name("stand_in_tfx.py")


@pytest.fixture
def behave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "behaviour.json"
    path.write_text("{}")
    monkeypatch.setenv("STAND_IN_BEHAVIOUR", str(path))
    return path


@pytest.fixture
def cold(home: Home, behave: Path, short_folder: Path) -> Tfx:
    """TFX without a worker."""
    return replace(Tfx.from_environment(), socket=short_folder / "none.sock")


@pytest.fixture
def warm(cold: Tfx, short_folder: Path) -> Iterator[Tfx]:
    """TFX with a worker process."""
    path = short_folder / "w" / "worker.sock"
    command = [sys.executable, str(STAND_IN), "-m", "tfx_runtime.worker", "--socket", str(path)]
    process = subprocess.Popen(command)
    try:
        _wait_for(lambda: _answers(path))
        yield replace(cold, socket=path)
    finally:
        process.terminate()
        process.wait(10)


def test_a_node_runs_cold_when_there_is_no_worker(cold: Tfx, node_request: NodeRequest) -> None:
    lines: list[str] = []
    result = NodeRunner(cold).run(node_request, lines.append)
    assert result.state is NodeState.COMPLETE
    assert "there is no socket" in lines[0]
    assert lines[1] == "INFO cold Trainer of package aaaa1111"


def test_a_node_runs_in_the_worker_when_there_is_one(warm: Tfx, node_request: NodeRequest) -> None:
    lines: list[str] = []
    result = NodeRunner(warm).run(node_request, lines.append)
    assert lines == ["INFO warm Trainer", "package aaaa1111"]
    assert result.summary["token"] == "first-token"


def test_a_node_is_repeated_cold_with_a_new_token_when_the_worker_dies_midway(
    warm: Tfx, node_request: NodeRequest, behave: Path
) -> None:
    behave.write_text(json.dumps({"Trainer": "worker_dies"}))
    lines: list[str] = []
    result = NodeRunner(warm).run(node_request, lines.append)
    assert result.state is NodeState.COMPLETE
    assert {"INFO warm Trainer", "INFO cold Trainer of package aaaa1111"} <= set(lines)
    assert sum("not available" in line for line in lines) == 1
    assert result.summary["token"] != "first-token"


def test_a_result_larger_than_any_socket_buffer_arrives_whole(
    warm: Tfx, node_request: NodeRequest, behave: Path
) -> None:
    behave.write_text(json.dumps({"Trainer": "big"}))
    big = node_request.model_copy(update={"parameters": {"text": "y" * 2_000_000}})
    result = NodeRunner(warm).run(big, lambda line: None)
    assert len(result.summary["text"]) == 3_000_000
    assert len(result.summary["request"]["parameters"]["text"]) == 2_000_000


@pytest.mark.parametrize(
    ("behaviour", "said"), [("die", "signal SIGKILL"), ("exit", "exit code 3")]
)
def test_a_cold_node_that_leaves_no_result_says_how_it_ended(
    cold: Tfx, node_request: NodeRequest, behave: Path, behaviour: str, said: str
) -> None:
    behave.write_text(json.dumps({"Trainer": behaviour}))
    with pytest.raises(NodeFailed, match=f"'Trainer' of 'taxi' ended with {said}"):
        NodeRunner(cold).run(node_request, lambda line: None)


def test_airflows_variables_do_not_reach_the_node(
    cold: Tfx, node_request: NodeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    assert NodeRunner(cold).run(node_request, lambda line: None).summary["environment"] == []


def test_stopping_a_cold_node_ends_its_process_and_starts_no_other(
    cold: Tfx, node_request: NodeRequest, behave: Path
) -> None:
    behave.write_text(json.dumps({"Trainer": "hang"}))
    lines, runner = _start(cold, node_request)
    _wait_for(lambda: any(line.startswith("pid ") for line in lines))
    runner.stop()
    _wait_for(lambda: any("was stopped" in line for line in lines))
    pid = next(int(line.split()[1]) for line in lines if line.startswith("pid "))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_stopping_a_warm_node_closes_its_connection_and_runs_nothing_cold(
    warm: Tfx, node_request: NodeRequest, behave: Path
) -> None:
    behave.write_text(json.dumps({"Trainer": "hang"}))
    lines, runner = _start(warm, node_request)
    _wait_for(lambda: "package aaaa1111" in lines)
    runner.stop()
    _wait_for(lambda: any("was stopped" in line for line in lines))
    _wait_for(Path(node_request.pipeline_root).with_suffix(".closed").exists)
    assert not any("cold" in line for line in lines)


def test_a_missing_environment_is_an_error_that_names_the_command(
    cold: Tfx, node_request: NodeRequest
) -> None:
    with pytest.raises(
        SetupError, match=r"no interpreter at /nowhere/python\. Make it: make \.venv-tfx"
    ):
        NodeRunner(replace(cold, python=["/nowhere/python"])).run(node_request, lambda line: None)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_socket_of_another_user_is_refused(warm: Tfx) -> None:
    os.chown(warm.socket, 65534, 65534)
    with pytest.raises(WorkerError, match="belongs to user 65534"):
        WorkerClient(warm.socket).ping()


def test_a_socket_in_a_folder_that_others_may_write_to_is_refused(warm: Tfx) -> None:
    warm.socket.parent.chmod(0o777)
    with pytest.raises(WorkerError, match="other users may write"):
        check_private(warm.socket)


def test_a_file_in_the_sockets_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkerError, match="is not a socket"):
        check_private(tmp_path / "file")


def test_a_model_compiles_warm_and_cold(warm: Tfx, cold: Tfx, model: Path, home: Home) -> None:
    for tfx in (warm, cold):
        assert compile_model(home.dags / "taxi", home.compiled, _drop, tfx) == "cafe0123"


def test_a_mistake_in_a_model_is_told_in_the_compilers_words(cold: Tfx, home: Home) -> None:
    folder = home.dags / "absent"
    with pytest.raises(CompileError) as caught:
        compile_model(folder, home.compiled, _drop, cold)
    assert str(caught.value) == f"{folder}/model.yaml: there is no such file."


def _start(tfx: Tfx, request: NodeRequest) -> tuple[list[str], NodeRunner]:
    lines: list[str] = []
    runner = NodeRunner(tfx)

    def run() -> None:
        try:
            runner.run(request, lines.append)
        except NodeFailed as error:
            lines.append(str(error))

    threading.Thread(target=run, daemon=True).start()
    return lines, runner


def _answers(path: Path) -> bool:
    try:
        return bool(WorkerClient(path).ping()["ready"])
    except WorkerError:
        return False


def _wait_for(condition: object, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _drop(line: str) -> None:
    """Takes a log line and does nothing."""
