"""What is known of one training run, blessed or not, failed or not.

`<home>/runs/<model>/<run>/` holds:

    run.json            the record, written when the run has ended
    curves.jsonl        one point a line, written while the Trainer learns
    statistics.html     the statistics of its data, for people
    evaluation.html     its evaluation, for people

It lies outside TFX's pipeline root and suffices for every view, and for every tracker that is told
of the run later.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from pydantic import Field

from tfx_contract.compiled import CodeOrigin
from tfx_contract.environment import Environment
from tfx_contract.manifest import DataSource, MetricVerdict
from tfx_contract.node import Failure, NodeState, ParameterValue, Run
from tfx_contract.record import Record

RUN_FILE = "run.json"
CURVES_FILE = "curves.jsonl"
STATISTICS_PAGE = "statistics.html"
EVALUATION_PAGE = "evaluation.html"


class RunState(StrEnum):
    """How a run ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class NodeOutcome(Record):
    """How one node of a run ended."""

    node_id: str
    state: NodeState | None = Field(description="None: it was never reached.")
    seconds: float | None = None
    execution_id: int | None = None
    failure: Failure | None = None


class TrackedData(DataSource):
    """One input of training data, and how many rows of it each split had."""

    rows: dict[str, int] = {}


class CurvePoint(Record):
    """A value at one point of the training."""

    metric: str
    step: int = Field(ge=0)
    value: float
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class RunRecord(Record):
    """One training run."""

    model: str
    run: Run
    state: RunState
    started: datetime | None = None
    ended: datetime | None = None
    nodes: list[NodeOutcome] = Field(description="In topological order.")
    pipeline_digest: str
    modules_digest: str
    files: dict[str, str] = Field(
        default={}, description="SHA-256 of the model's sources, by path."
    )
    origin: CodeOrigin
    environment: Environment
    data: list[TrackedData] = []
    parameters: dict[str, ParameterValue] = {}
    hyperparameters: dict[str, ParameterValue] = {}
    metrics: list[MetricVerdict] = []
    blessed: bool | None = Field(default=None, description="None: it was not evaluated.")
    version: int | None = Field(default=None, description="The version that it pushed, if any.")
    model_type: str | None = None
    model_bytes: int | None = None

    @property
    def failures(self) -> list[NodeOutcome]:
        """The nodes that failed."""
        return [node for node in self.nodes if node.state is NodeState.FAILED]


def run_folder(runs: Path, run: Run) -> Path:
    """The folder of one run below a model's; the run's id may hold what no path may."""
    return runs / quote(run.mlmd_run_id, safe="+:@=,")
