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
    run_id: str
    try_number: int = 1
    generation: int = Field(
        default=0, ge=0, description="How often tasks of the run were cleared to run again."
    )
    logical_date: str | None = None
    url: str | None = Field(default=None, description="Where a person can look at the run.")

    @property
    def mlmd_run_id(self) -> str:
        """The MLMD pipeline run: one for each generation, so that a rerun is one of its own."""
        return self.run_id if self.generation == 0 else f"{self.run_id}~{self.generation}"

    def earlier_mlmd_run_ids(self) -> list[str]:
        """The MLMD runs of the generations before this one, the newest first."""
        before = range(self.generation - 1, -1, -1)
        return [self.model_copy(update={"generation": g}).mlmd_run_id for g in before]


class NodeRequest(Record):
    """Everything `run_node` needs, as plain values, valid on any host that sees the paths."""

    model: str
    pipeline: str = "train"
    node_id: str
    package: str = Field(description="Folder of the compiled pipeline that the run is pinned to.")
    run: Run
    reuse: list[str] | None = Field(
        default=None,
        description="Given: the node takes over what it published in the newest earlier run that "
        "holds outputs of all these nodes, and does not run.",
    )
    span: int | None = None
    token: str = Field(description="Fencing token, unique to this try.")
    pipeline_root: str
    metadata: str = Field(description="MLMD database as an SQLAlchemy-style URL.")
    versions: str = Field(description="Folder that pushed versions go to.")
    request_log: str = Field(default="", description="The request log's SQLAlchemy URL.")
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
