"""The request that starts one node, and the result that comes back."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from tfx_contract.record import Record

ParameterValue = bool | int | float | str


class Run(Record):
    """The orchestrator's run that a node belongs to."""

    dag_id: str
    run_id: str = Field(description="Also the MLMD pipeline run id.")
    try_number: int = 1
    logical_date: str | None = None
    url: str | None = Field(default=None, description="Where a person can look at the run.")


class NodeRequest(Record):
    """Everything `run_node` needs, as plain values, valid on any host that sees the paths."""

    model: str
    node_id: str
    package: str = Field(description="Folder of the compiled pipeline that the run is pinned to.")
    run: Run
    token: str = Field(description="Fencing token, unique to this try.")
    pipeline_root: str
    metadata: str = Field(description="MLMD database as an SQLAlchemy-style URL.")
    versions: str = Field(description="Folder that pushed versions go to.")
    parameters: dict[str, ParameterValue] = {}
    use_cache: bool = True
    stall_seconds: float = Field(default=600, gt=0)


class NodeState(StrEnum):
    """How a node ended."""

    COMPLETE = "complete"
    CACHED = "cached"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def is_published(self) -> bool:
        """Whether MLMD holds outputs of the node."""
        return self in (NodeState.COMPLETE, NodeState.CACHED)


class ArtifactRecord(Record):
    """One published artifact."""

    id: int
    type: str
    uri: str
    properties: dict[str, ParameterValue] = {}


class Failure(Record):
    """Why a node failed: a sentence for people, and the trace for those who debug."""

    kind: str = Field(description="Name of the exception's class.")
    message: str
    retryable: bool = True
    trace: str = ""


class NodeResult(Record):
    """What a node published, or why it did not."""

    node_id: str
    state: NodeState
    execution_id: int | None = None
    outputs: dict[str, list[ArtifactRecord]] = {}
    summary: dict[str, Any] = Field(
        default={}, description="Facts for people, by topic: metrics, anomalies, version."
    )
    failure: Failure | None = None
    seconds: float = Field(default=0, description="The node's own work, driver to publisher.")

    @property
    def succeeded(self) -> bool:
        return self.state is not NodeState.FAILED
