"""The manifest of a pushed version, and the record of what happened to it later.

A version is a folder `<versions>/<version>/` with `model/` (the SavedModel) and `manifest.json`.
It appears atomically. Whatever a view needs to say about a version stands in these files.
"""

from __future__ import annotations

from pydantic import Field

from tfx_contract.compiled import CodeOrigin
from tfx_contract.node import ArtifactRecord, ParameterValue, Run
from tfx_contract.record import Record

MANIFEST_FILE = "manifest.json"
SAVED_MODEL_FOLDER = "model"


class DataSource(Record):
    """One input of training data."""

    uri: str
    fingerprint: str
    span: int | None = None
    splits: list[str] = []


class MetricVerdict(Record):
    """One metric of the candidate beside what it had to reach."""

    name: str
    slice: str = Field(default="", description="Empty: all examples. Otherwise `column:value`.")
    value: float | None
    baseline: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    may_worsen_by: float | None = None
    passed: bool | None = Field(default=None, description="None: no threshold was set.")


class VersionManifest(Record):
    """Where a version came from. Written once, never changed."""

    model: str
    version: int = Field(ge=1, description="MLMD id of the Pusher's execution.")
    model_fingerprint: str = Field(description="SHA-256 over the SavedModel's files.")
    created_at: str = Field(description="For people; identity comes from `version`.")
    run: Run
    pipeline_digest: str
    modules_digest: str
    origin: CodeOrigin
    data: list[DataSource]
    artifacts: dict[str, ArtifactRecord] = Field(
        description="By role: schema, statistics, transform_graph, model, evaluation, baseline."
    )
    executions: dict[str, int] = Field(description="MLMD execution id of each node that led here.")
    hyperparameters: dict[str, ParameterValue]
    parameters: dict[str, ParameterValue]
    metrics: list[MetricVerdict]
    baseline_version: int | None = None
    signatures: list[str]
