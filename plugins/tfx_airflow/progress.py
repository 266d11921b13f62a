"""Follows a run of a model: the state of every node, its seconds and its last log line."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tfx_airflow.api import AirflowApi, LogReader, Task

RUN_ENDED = ("success", "failed")
_NODE_ENDED = ("success", "failed", "skipped", "upstream_failed", "removed")
_POLL_SECONDS = 0.5


@dataclass
class NodeProgress:
    """What is known of one node."""

    node: str
    state: str = "waiting"
    seconds: float | None = None
    last_line: str = ""
    try_number: int = 0
    log: LogReader = field(default_factory=LogReader)
    running_since: float | None = None

    @property
    def has_ended(self) -> bool:
        return self.state in _NODE_ENDED

    def take(self, task: Task) -> None:
        """Takes over what Airflow says."""
        if task.try_number != self.try_number:
            self.try_number, self.log, self.running_since = task.try_number, LogReader(), None
        if task.state == "running" and self.running_since is None:
            self.running_since = time.monotonic()
        self.state = task.state
        self.seconds = self._seconds(task)

    def _seconds(self, task: Task) -> float | None:
        if task.state == "running" and self.running_since is not None:
            return time.monotonic() - self.running_since
        return task.seconds


class RunProgress:
    """One run, asked for again and again until it ends."""

    def __init__(self, api: AirflowApi, dag_id: str, run_id: str, nodes: Sequence[str]) -> None:
        self._api, self.dag_id, self.run_id = api, dag_id, run_id
        self.nodes = {node: NodeProgress(node) for node in nodes}
        self.state = "queued"

    def follow(self) -> Iterator[None]:
        """Yields after each look, the last time when the run has ended."""
        while True:
            state = self._api.run_state(self.dag_id, self.run_id)
            self._look()
            self.state = state
            yield
            if state in RUN_ENDED:
                return
            time.sleep(_POLL_SECONDS)

    @property
    def failed_nodes(self) -> list[NodeProgress]:
        return [progress for progress in self.nodes.values() if progress.state == "failed"]

    def error_of(self, progress: NodeProgress) -> list[str]:
        """What a failed node's log says of its failure."""
        lines = self._read(progress, LogReader())
        errors = [line for line in lines if line.startswith("ERROR ")]
        return errors[-1:] or [line for line in lines if line.strip()][-15:]

    def _look(self) -> None:
        tasks = self._api.tasks(self.dag_id, self.run_id)
        for node, progress in self.nodes.items():
            ended_before = progress.has_ended
            if node in tasks:
                progress.take(tasks[node])
            if progress.running_since is not None and not ended_before:
                self._read_on(progress)

    def _read_on(self, progress: NodeProgress) -> None:
        lines = [line for line in self._read(progress, progress.log) if line.strip()]
        if lines:
            progress.last_line = lines[-1].splitlines()[-1].strip()

    def _read(self, progress: NodeProgress, reader: LogReader) -> list[str]:
        task = Task(progress.node, progress.state, None, progress.try_number)
        return self._api.read_log(self.dag_id, self.run_id, task, reader)
