"""`drift` of `model.yaml`: how requests are watched, and what follows when they change."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from tfx_contract.record import Record

Distance = Annotated[float, Field(gt=0, le=1)]


class DriftKind(StrEnum):
    """What is compared with what."""

    FEATURE = "feature"
    SKEW = "skew"
    PREDICTION = "prediction"
    PERFORMANCE = "performance"


class WhenDrifted(StrEnum):
    """What follows a drift."""

    RETRAIN = "retrain"
    ASK = "ask"
    ALERT = "alert"


class Thresholds(Record):
    """Distances above which a column has drifted, if chance does not explain them."""

    numbers: Distance = Field(
        default=0.05, description="Jensen-Shannon divergence of numbers, base 2."
    )
    categories: Distance = Field(
        default=0.1, description="Largest difference of a category's shares (L-infinity)."
    )
    missing: Distance = Field(
        default=0.1, description="Difference of the shares of rows without a value."
    )
    columns: dict[str, Distance | None] = Field(
        default={}, description="By column, in place of the first two; `null`: never drifts."
    )


class Alerts(Record):
    """Who is told of a drift, beside the task's log; all through Airflow's notifiers."""

    email: list[str] = Field(default=[], description="Addresses that get a mail.")
    sender: str | None = Field(
        default=None, description="Address that mails come from; left out, the connection's own."
    )
    smtp_connection: str = Field(
        default="smtp_default", description="Airflow connection of the mail server."
    )
    slack: str | None = Field(
        default=None, description="Airflow connection of a Slack webhook; left out, none."
    )


class Drift(Record):
    """Has the DAG `<model>__drift` compare logged requests with the training data."""

    check_requests: int = Field(
        default=10_000, ge=1, description="A check begins when so many new requests were logged,"
    )
    check_hours: float = Field(
        default=24,
        gt=0,
        description="or when the oldest of them is so old and there are `min_requests`.",
    )
    min_requests: int = Field(
        default=1_000, ge=100, description="Requests that a check needs, at least."
    )
    kinds: list[DriftKind] = Field(
        default=list(DriftKind), min_length=1, description="What is compared."
    )
    thresholds: Thresholds = Thresholds()
    beam_above_rows: int = Field(
        default=5_000_000,
        ge=0,
        description="Windows of more rows are counted on Beam, smaller ones in memory.",
    )
    when_drifted: WhenDrifted = Field(
        default=WhenDrifted.RETRAIN,
        description="`retrain`, `ask` a person first, or only `alert`. Without labelled data that "
        "is newer than the live version's, it is always an alert.",
    )
    alerts: Alerts = Alerts()
    cool_down_hours: float = Field(
        default=24, ge=0, description="Time after a retraining in which no other is started."
    )

    learn_from_log: bool = Field(
        default=False,
        description="Labelled requests of a window become the next span of the training data.",
    )

    @model_validator(mode="after")
    def _needs_no_more_than_it_waits_for(self) -> Self:
        if self.min_requests > self.check_requests:
            raise ValueError("'min_requests' must be no more than 'check_requests'")
        return self
