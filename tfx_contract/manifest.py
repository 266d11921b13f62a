"""The manifest of a pushed version, and the record of what happened to it later.

A version is a folder `<versions>/<version>/` with `model/` (the SavedModel) and `manifest.json`.
It appears atomically. Whatever a view needs to say about a version stands in these files.
"""

from __future__ import annotations

from pydantic import Field, JsonValue

from tfx_contract.compiled import CodeOrigin
from tfx_contract.environment import Environment
from tfx_contract.node import ArtifactRecord, ParameterValue, Run
from tfx_contract.record import Record

MANIFEST_FILE = "manifest.json"
SAVED_MODEL_FOLDER = "model"
GOLDEN_FILE = "golden_answers.json"
REFERENCE_FOLDER = "reference"


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


class TensorShape(Record):
    """One input or output of a signature."""

    dtype: str = Field(description="As TensorFlow names it: `string`, `float32`, `int64`, …")
    shape: list[int | None] | None = Field(description="None stands for any size; null: any rank.")


class SignatureShape(Record):
    """What a signature takes and gives, by name."""

    inputs: dict[str, TensorShape]
    outputs: dict[str, TensorShape]


class GoldenAnswers(Record):
    """What the SavedModel itself answers to the golden requests; lies beside the manifest."""

    signature: str
    instances: list[JsonValue] = Field(description="As a client of the endpoint sends them.")
    predictions: list[JsonValue] = Field(description="As the endpoint must answer.")


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
    environment: Environment | None = Field(
        default=None, description="Where it was pushed; null in manifests of older releases."
    )
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
    signature_shapes: dict[str, SignatureShape] = {}
