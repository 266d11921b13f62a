"""Reads MLMD's SQLite file as it is on disk, without MLMD."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfx_contract.home import Home

RUNNING, COMPLETE = 2, 3
_OUTPUT_EVENT = 4
_EXECUTIONS = """
    SELECT Execution.id, Execution.last_known_state FROM Execution
    JOIN Association AS in_run ON in_run.execution_id = Execution.id
    JOIN Context AS run ON run.id = in_run.context_id
    JOIN Type AS run_type ON run_type.id = run.type_id AND run_type.name = 'pipeline_run'
    JOIN Association AS of_node ON of_node.execution_id = Execution.id
    JOIN Context AS node ON node.id = of_node.context_id
    JOIN Type AS node_type ON node_type.id = node.type_id AND node_type.name = 'node'
    WHERE run.name = ? AND node.name = ?
"""
_OUTPUTS = """
    SELECT Artifact.uri FROM Event JOIN Artifact ON Artifact.id = Event.artifact_id
    WHERE Event.execution_id = ? AND Event.type = ?
"""


@dataclass(frozen=True)
class Execution:
    """One execution of a node."""

    id: int
    state: int


@dataclass(frozen=True)
class Mlmd:
    """What MLMD holds for one model, and the files that belong to it."""

    home: Home
    model: str

    def executions(self, run_id: str, node: str) -> list[Execution]:
        """Every execution of a node in a run."""
        rows = self._rows(_EXECUTIONS, run_id, f"{self.model}.{node}")
        return [Execution(*row) for row in rows]

    def outputs(self, execution: Execution) -> list[Path]:
        """The folders of what an execution published."""
        return [Path(uri) for (uri,) in self._rows(_OUTPUTS, execution.id, _OUTPUT_EVENT)]

    def tries(self, node: str, execution: Execution) -> dict[str, list[str]]:
        """The tries that left files, by output."""
        folders = self.home.pipeline_root(self.model).joinpath(node).glob(f"*/{execution.id}")
        return {
            folder.parent.name: sorted(entry.name for entry in folder.iterdir())
            for folder in folders
        }

    def has_begun_to_write(self, node: str, execution: Execution) -> bool:
        """Whether a file of the node's outputs is there."""
        folders = self.home.pipeline_root(self.model).joinpath(node).glob(f"*/{execution.id}")
        return any(path.is_file() for folder in folders for path in folder.rglob("*"))

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        path = self.home.metadata.removeprefix("sqlite:///")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as database:
            return database.execute(query, values).fetchall()
