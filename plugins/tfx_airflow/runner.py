"""How the Airflow side reaches TFX: the warm worker when it answers, else the cold command."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tfx_airflow.command import Command, describe_exit, without_native_log
from tfx_airflow.worker_client import WorkerClient, WorkerError
from tfx_contract.errors import CompileError, NodeFailed, SetupError
from tfx_contract.home import PROJECT_ROOT, Home, tfx_python
from tfx_contract.node import NodeRequest, NodeResult

OnLog = Callable[[str], None]

_COMPILE_MISTAKE = 2


@dataclass(frozen=True)
class Tfx:
    """Where TFX is reached."""

    socket: Path
    python: Sequence[str]

    @classmethod
    def from_environment(cls) -> Tfx:
        """The worker of this home and the interpreter of the TFX environment."""
        return cls(Home.from_environment().worker_socket, [str(tfx_python())])

    def command(self, module: str, *arguments: str) -> Command:
        """A command of the TFX environment.

        Raises:
          SetupError: the environment is not there.
        """
        if not Path(self.python[0]).exists():
            raise SetupError(
                f"The TFX environment has no interpreter at {self.python[0]}. "
                f"Make it: make .venv-tfx"
            )
        return Command([*self.python, "-m", module, *arguments], PROJECT_ROOT)


class NodeRunner:
    """Runs one node; `stop` ends it from a signal handler."""

    def __init__(self, tfx: Tfx | None = None) -> None:
        self._tfx = tfx or Tfx.from_environment()
        self._worker = WorkerClient(self._tfx.socket)
        self._command: Command | None = None
        self._stopped = False

    def run(self, request: NodeRequest, on_log: OnLog) -> NodeResult:
        """Runs the node to its result.

        Raises:
          NodeFailed: it ended without a result, or was stopped.
          SetupError: neither a worker nor the TFX environment is there.
        """
        try:
            self._worker.ping()
            answer = self._worker.ask({"run_node": request.model_dump(mode="json")}, on_log)
            return _read_result(answer)
        except WorkerError as error:
            self._refuse_when_stopped(request)
            on_log(f"INFO The warm worker is not available ({error}); running the node cold.")
        # The worker may have begun the node, and a try that it left behind must not publish.
        return self._run_cold(request.model_copy(update={"token": uuid.uuid4().hex}), on_log)

    def stop(self) -> None:
        """Ends the node, warm or cold."""
        self._stopped = True
        self._worker.close()
        if self._command is not None:
            self._command.stop()

    def _run_cold(self, request: NodeRequest, on_log: OnLog) -> NodeResult:
        with tempfile.TemporaryDirectory(prefix="tfx-node-") as folder:
            request_file, result_file = Path(folder, "request.json"), Path(folder, "result.json")
            request.write(request_file)
            self._command = self._tfx.command(
                "tfx_runtime.run_node", str(request_file), "--result", str(result_file)
            )
            self._refuse_when_stopped(request)
            code = self._command.run(on_log)
            self._refuse_when_stopped(request)
            if result_file.exists():
                return NodeResult.read(result_file)
        raise NodeFailed(
            f"Node '{request.node_id}' of '{request.model}' ended with "
            f"{describe_exit(code)} and left no result; its last lines in this log say more."
        )

    def _refuse_when_stopped(self, request: NodeRequest) -> None:
        if self._stopped:
            raise NodeFailed(f"Node '{request.node_id}' of '{request.model}' was stopped.")


def run_node(request: NodeRequest, on_log: OnLog) -> NodeResult:
    """Runs one node with what the environment offers."""
    return NodeRunner().run(request, on_log)


def compile_model(folder: Path, compiled: Path, on_log: OnLog, tfx: Tfx | None = None) -> str:
    """Compiles a model's folder into `compiled/`; returns the digest.

    Raises:
      CompileError: the model cannot be compiled; the message is the compiler's.
      SetupError: neither a worker nor the TFX environment is there.
    """
    tfx = tfx or Tfx.from_environment()
    request = {"compile": {"folder": str(folder), "compiled": str(compiled)}}
    try:
        worker = WorkerClient(tfx.socket)
        worker.ping()
        return _read_digest(worker.ask(request, on_log))
    except WorkerError as error:
        on_log(f"INFO The warm worker is not available ({error}); compiling cold.")
    return _compile_cold(tfx, folder, compiled, on_log)


def _compile_cold(tfx: Tfx, folder: Path, compiled: Path, on_log: OnLog) -> str:
    lines: list[str] = []

    def keep(line: str) -> None:
        lines.append(line)
        on_log(line)

    code = tfx.command("tfx_runtime.compile", str(folder), "--compiled", str(compiled)).run(keep)
    printed = [line for line in lines if line.strip()]
    if code == 0 and printed:
        return printed[-1].strip()
    if code == _COMPILE_MISTAKE:
        raise CompileError("\n".join(without_native_log(printed)))
    raise CompileError(
        f"{folder}: the compiler ended with {describe_exit(code)}. Its last lines:\n"
        + "\n".join(printed[-10:])
    )


def _read_result(answer: Mapping[str, Any]) -> NodeResult:
    try:
        return NodeResult.model_validate(answer)
    except ValidationError as error:
        raise NodeFailed(f"The warm worker sent something that is no result: {error}") from error


def _read_digest(answer: Mapping[str, Any]) -> str:
    if "digest" in answer:
        return str(answer["digest"])
    raise CompileError(str(answer.get("error", answer)))
