"""A warm worker in a process of its own, and a client for it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfx_contract.node import NodeRequest, NodeResult

TOY = Path(__file__).parent / "toy"


def eventually(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Waits until a condition holds and returns its value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s in vain until {what}")


@dataclass
class Job:
    """A request that the worker is at; closing the connection gives it up."""

    connection: socket.socket
    lines: list[str] = field(default_factory=list)
    answer: dict[str, Any] | None = None

    def read(self) -> None:
        with self.connection.makefile() as stream:
            for line in stream:
                message = json.loads(line)
                if "log" in message:
                    self.lines.append(message["log"])
                else:
                    self.answer = message["result"]

    def close(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()


class WorkerProcess:
    """A real warm worker, reached as the Airflow side reaches it."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "worker" / "worker.sock"
        self.log = folder / "worker.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tfx_runtime.worker", "--socket", str(self.socket)],
            env=os.environ | {"PYTHONPATH": str(TOY)},
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )

    def wait(self) -> None:
        eventually(lambda: "ready" in self.log.read_text(), "the worker is ready", 180)

    def start(self, message: dict[str, Any]) -> Job:
        """Sends a request and returns while it runs."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(self.socket))
        connection.sendall(json.dumps(message).encode() + b"\n")
        job = Job(connection)
        threading.Thread(target=job.read, daemon=True).start()
        return job

    def start_node(self, request: NodeRequest) -> Job:
        return self.start({"run_node": request.model_dump(mode="json")})

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Sends a request and waits for its answer."""
        job = self.start(message)
        answer: dict[str, Any] = eventually(lambda: job.answer, "the worker has answered", 120)
        return answer

    def run(self, request: NodeRequest) -> NodeResult:
        """Runs a node to its end."""
        return self.result(self.start_node(request))

    def result(self, job: Job) -> NodeResult:
        answer = eventually(lambda: job.answer, "the node has ended", 120)
        return NodeResult.model_validate(answer)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
