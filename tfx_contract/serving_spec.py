"""`serving` of `model.yaml`: where the model is served, and how a new version takes over."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from tfx_contract.record import Record

Percent = Annotated[int, Field(ge=1, le=99)]


class Target(StrEnum):
    """Who serves."""

    LOCAL = "local"
    VERTEX_AI = "vertex_ai"


class WhenInconclusive(StrEnum):
    """What becomes of a canary that was asked too little to judge it."""

    ROLL_BACK = "roll_back"
    PROMOTE = "promote"


class Canary(Record):
    """How a new version proves itself on a share of the traffic."""

    steps: list[Percent] = Field(
        default=[10],
        min_length=1,
        description="Percent of the traffic, one step after another; after the last, all of it.",
    )
    shadow: bool = Field(
        default=False,
        description="Instead of a share, a copy of the traffic, whose answers nobody gets. "
        "`local` only.",
    )
    window_minutes: float = Field(
        default=10, gt=0, description="How long each step is watched, at least."
    )
    longest_minutes: float = Field(
        default=60,
        gt=0,
        description="How long a step may wait for `min_requests`; then it is inconclusive.",
    )
    min_requests: int = Field(
        default=100, ge=1, description="Requests that the new version answers in each step."
    )
    max_error_rate_increase: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Share of failed requests, at most so much above the live version's.",
    )
    max_latency_ratio: float = Field(
        default=2.0,
        gt=0,
        description="95th percentile of the latency, at most so many times the live version's.",
    )
    max_prediction_distance: float | None = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Jensen-Shannon distance of the two versions' predictions, from the request "
        "log; `null`: not compared.",
    )
    when_inconclusive: WhenInconclusive = Field(
        default=WhenInconclusive.ROLL_BACK,
        description="What follows when a step had too few requests in `longest_minutes`.",
    )

    @field_validator("steps")
    @classmethod
    def _rise(cls, steps: list[int]) -> list[int]:
        if steps != sorted(set(steps)):
            raise ValueError("each step must be larger than the one before")
        return steps

    @model_validator(mode="after")
    def _waits_at_least_as_long_as_it_watches(self) -> Self:
        if self.longest_minutes < self.window_minutes:
            raise ValueError("'longest_minutes' must be no shorter than 'window_minutes'")
        return self


class RequestLog(Record):
    """What is kept of the requests and their answers."""

    sample_rate: float = Field(
        default=1.0, ge=0, le=1, description="Share of the requests that is kept."
    )
    drop: list[str] = Field(default=[], description="Columns that are left out of what is kept.")
    hash: list[str] = Field(
        default=[], description="Columns of which a keyed hash is kept in place of the value."
    )
    key: str | None = Field(
        default=None,
        description="Column that tells persons apart; its rows can be erased by its value.",
    )
    retention_days: float | None = Field(
        default=90, gt=0, description="Age at which rows are erased; `null`: never."
    )


class VertexAI(Record):
    """Where and on what Vertex AI serves."""

    project: str = Field(description="Google Cloud project.")
    location: str = Field(description="Region, for instance `europe-west4`.")
    machine_type: str = Field(
        default="n1-standard-2", description="Machine of each replica, by Google's name."
    )
    min_replicas: int = Field(default=1, ge=1, description="Replicas that always run.")
    max_replicas: int = Field(default=1, ge=1, description="Replicas under load.")
    serving_image: str = Field(description="Container image that serves SavedModels.")
    service_account: str | None = Field(
        default=None, description="Service account that the replicas run as."
    )
    connection: str = Field(
        default="google_cloud_default", description="Airflow connection with the credentials."
    )


class Serving(Record):
    """Has the DAG `<model>__push` take each new version to an endpoint."""

    target: Target = Field(default=Target.LOCAL, description="The embedded endpoint or Vertex AI.")
    signature: str | None = Field(
        default=None,
        description="Signature that requests without one of their own are answered by. Left out: "
        "`serving_default`, or `serving_json` for rows of columns.",
    )
    canary: Canary = Canary()
    approval: bool = Field(
        default=False, description="Whether a person must agree, in Airflow, to each promotion."
    )
    keep_versions: int = Field(
        default=1, ge=1, description="Earlier versions that stay loaded, ready for a rollback."
    )
    log: RequestLog = RequestLog()
    vertex_ai: VertexAI | None = None

    @model_validator(mode="after")
    def _names_its_cloud(self) -> Self:
        if self.target is Target.VERTEX_AI and self.vertex_ai is None:
            raise ValueError("'target: vertex_ai' needs the key 'vertex_ai'")
        if self.target is Target.VERTEX_AI and self.canary.shadow:
            raise ValueError("'canary.shadow' needs 'target: local'")
        return self
