"""The warm worker: `python -m tfx_runtime.worker --socket PATH`.

Python's forkserver with TFX imported, and a child of it for each node. It is a cache of imports and
nothing more: whoever cannot reach it runs `run_node` instead. The protocol stands in
docs/architecture.md; it is JSON, one document a line, on a socket that only its owner can open.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import socketserver
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tfx_contract.errors import NodeStalled
from tfx_contract.node import NodeRequest
from tfx_runtime import child, supervise
from tfx_runtime.outcome import failed, read_outcome

_COMPILE_STALL_SECONDS = 300


class Worker(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Accepts requests; each connection is one job, each job one forked child."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, socket_path: Path) -> None:
        self.processes: ForkServerContext = multiprocessing.get_context("forkserver")
        self.processes.set_forkserver_preload(["tfx_runtime.preload"])
        self.warm = False
        socket_path.parent.mkdir(parents=True, exist_ok=True)
        socket_path.parent.chmod(0o700)
        socket_path.unlink(missing_ok=True)
        previous = os.umask(0o177)
        try:
            super().__init__(str(socket_path), _Conversation)
        finally:
            os.umask(previous)

    def warm_up(self) -> None:
        """Returns when the forkserver has imported TFX and has run a first child.

        A request that comes earlier waits for the same forkserver, which beats importing twice.
        """
        process = self.processes.Process(target=_nothing)
        process.start()
        process.join()
        self.warm = True
        print("ready", flush=True)

    def run(
        self,
        target: Callable[..., None],
        arguments: tuple[str, ...],
        emit: Callable[[str], None],
        client: int,
        stall_seconds: float,
    ) -> int | None:
        """Runs `target` in a forked child to its end; returns its exit code."""
        reader, writer = self.processes.Pipe(duplex=False)
        process = self.processes.Process(target=target, args=(*arguments, writer))
        process.start()
        writer.close()
        assert process.pid is not None
        try:
            supervise.follow(process.pid, reader.fileno(), emit, stall_seconds, client)
        finally:
            process.join()
            reader.close()
        return process.exitcode


class _Conversation(socketserver.StreamRequestHandler):
    """One client, one request."""

    server: Worker

    def handle(self) -> None:
        try:
            message = json.loads(self.rfile.readline())
            answer = self._answer(message)
        except supervise.Abandoned:
            return
        except (ValueError, ValidationError) as error:
            answer = {"error": f"not a request: {error}"}
        self._send({"result": answer})

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        match message:
            case {"ping": _}:
                return {"ready": self.server.warm, "pid": os.getpid()}
            case {"run_node": dict(request)}:
                return self._run_node(NodeRequest.model_validate(request))
            case {"compile": {"folder": str(folder), "compiled": str(compiled)}}:
                return self._compile(folder, compiled)
        raise ValueError(f"found the keys {list(message)}; allowed: ping, run_node, compile")

    def _run_node(self, request: NodeRequest) -> dict[str, Any]:
        with _scratch_folder() as folder:
            request_file = request.write(Path(folder) / "request.json")
            result_file = Path(folder) / "result.json"
            try:
                exit_code = self._run(
                    _node_child, (str(request_file), str(result_file)), request.stall_seconds
                )
                result = read_outcome(request, result_file, exit_code)
            except NodeStalled as error:
                result = failed(request, error)
        return result.model_dump(mode="json")

    def _compile(self, folder: str, compiled: str) -> dict[str, Any]:
        with _scratch_folder() as scratch:
            answer = Path(scratch) / "answer.json"
            with suppress(NodeStalled):
                self._run(_compile_child, (folder, compiled, str(answer)), _COMPILE_STALL_SECONDS)
            if not answer.exists():
                return {"error": f"compiling {folder} ended without a result; its log says why"}
            document: dict[str, Any] = json.loads(answer.read_text())
            return document

    def _run(
        self, target: Callable[..., None], arguments: tuple[str, ...], stall_seconds: float
    ) -> int | None:
        return self.server.run(
            target, arguments, self._log, self.connection.fileno(), stall_seconds
        )

    def _log(self, line: str) -> None:
        self._send({"log": line})

    def _send(self, message: dict[str, Any]) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(json.dumps(message).encode() + b"\n")


def _scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for one child; what it left behind goes with it, unless somebody still writes."""
    return tempfile.TemporaryDirectory(prefix="tfx-airflow-", ignore_cleanup_errors=True)


def _nothing() -> None:
    """The body of the child that proves the forkserver ready."""


def _node_child(request_file: str, result_file: str, output: Connection) -> None:
    _become_child(output)
    child.keep_temporary_files_in(Path(request_file).parent)
    _leave(child.run(Path(request_file), Path(result_file)))


def _compile_child(folder: str, compiled: str, answer_file: str, output: Connection) -> None:
    _become_child(output)
    child.keep_temporary_files_in(Path(answer_file).parent)
    child.die_with_parent(os.getppid())
    from tfx_contract.errors import TfxAirflowError
    from tfx_runtime.compile import compile_model

    try:
        answer = {"digest": compile_model(Path(folder), Path(compiled)).digest}
    except TfxAirflowError as error:
        answer = {"error": str(error)}
    Path(answer_file).write_text(json.dumps(answer))


def _become_child(output: Connection) -> None:
    threading.Thread(target=_end_with_worker, daemon=True).start()
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    output.close()
    child.lead_group()


def _end_with_worker() -> None:
    """The forkserver outlives a worker that was killed as long as it has children, so each asks."""
    worker = multiprocessing.parent_process()
    if worker is not None:
        wait([worker.sentinel])
        supervise.end_group(os.getpid())


def _leave(status: int) -> None:
    """Ends at once: threads that TensorFlow or Beam left behind must not hold up the result."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main() -> None:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=Path, required=True)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Worker(arguments.socket) as worker:
        threading.Thread(target=worker.warm_up, daemon=True).start()
        worker.serve_forever()


if __name__ == "__main__":
    main()
