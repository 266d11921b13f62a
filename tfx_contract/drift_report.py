"""The report of a drift check: what was compared, how far apart it lies, and what it means."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from tfx_contract.drift_spec import DriftKind
from tfx_contract.record import Record

REPORT_FILE = "report.json"
PAGE_FILE = "report.html"


class Measure(StrEnum):
    """What tells how far apart two samples lie."""

    NUMBERS = "numbers"  # Jensen-Shannon divergence, base 2
    CATEGORIES = "categories"  # largest difference of a value's shares
    MISSING = "missing"  # difference of the shares of rows without a value


class Sample(Record):
    """How one column is distributed in one sample."""

    values: int = Field(ge=0, description="Values; lists have several a row.")
    missing: int = Field(ge=0, description="Rows without a value.")
    shares: list[float] = Field(description="Of the bins or the values, in their order.")


class Change(Record):
    """A bin or a value whose share changed."""

    value: str
    before: float
    after: float


class Finding(Record):
    """One column, measured in one way, in two samples."""

    kind: DriftKind
    column: str
    measure: Measure
    distance: float = Field(ge=0, le=1)
    threshold: float | None = Field(description="None: this column never drifts.")
    chance: float = Field(
        ge=0, description="What one pair of samples of one distribution in a thousand exceeds."
    )
    drifted: bool
    edges: list[float] = Field(default=[], description="Of the bins, the outer two included.")
    labels: list[str] = Field(default=[], description="The values, where there are no bins.")
    before: Sample
    after: Sample
    changes: list[Change] = Field(default=[], description="The largest first.")

    @property
    def excess(self) -> float:
        """How many times as far apart as the threshold allows."""
        return self.distance / (self.threshold or 1)

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        unit = {
            Measure.NUMBERS: "Jensen-Shannon divergence",
            Measure.CATEGORIES: "largest difference of a share",
            Measure.MISSING: "difference of the share without a value",
        }[self.measure]
        limit = "no threshold" if self.threshold is None else f"threshold {self.threshold:g}"
        changed = (
            f"; '{self.changes[0].value}' {_percents(self.changes[0])}" if self.changes else ""
        )
        return (
            f"{self.column}: {unit} {self.distance:.3f} ({limit}, by chance up to "
            f"{self.chance:.3f}){changed}"
        )


class MetricFinding(Record):
    """A metric on the version's eval split, and on the answers whose truth is known by now."""

    metric: str = Field(description="As `evaluation.metrics` of model.yaml names it.")
    higher_is_better: bool
    before: float
    after: float
    labelled: int = Field(ge=1, description="Answers of the window whose truth is known.")
    may_worsen_by: float | None = Field(description="In the metric's unit; None: only reported.")
    chance: float = Field(
        ge=0, description="What a metric that did not change is worse by, once in a thousand times."
    )
    drifted: bool

    @property
    def kind(self) -> DriftKind:
        return DriftKind.PERFORMANCE

    @property
    def column(self) -> str:
        """What drifted."""
        return self.metric

    @property
    def worse_by(self) -> float:
        """How much worse it is, in the metric's unit; negative when it is better."""
        return self.before - self.after if self.higher_is_better else self.after - self.before

    @property
    def excess(self) -> float:
        """How many times as much as it may."""
        return self.worse_by / self.may_worsen_by if self.may_worsen_by else 1.0

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        allowed = "" if self.may_worsen_by is None else f"may worsen by {self.may_worsen_by:g}, "
        return (
            f"{self.metric}: from {self.before:.3f} to {self.after:.3f} on {self.labelled} "
            f"labelled answers ({allowed}by chance up to {self.chance:.3f})"
        )


class NewerData(Record):
    """Labelled data that the version did not learn from."""

    uri: str
    span: int | None = Field(default=None, description="The newest; None: data without spans.")
    description: str = Field(description="In words, such as `span 15`.")


class Anomaly(Record):
    """What the schema does not allow."""

    column: str
    reason: str


class Window(Record):
    """The requests that were checked: `since` is in it, `until` is not."""

    since: datetime
    until: datetime
    columns: list[str] = Field(description="In which requests and training rows can be compared.")
    requests: int = Field(ge=0)
    rows: int = Field(ge=0, description="Instances that were read.")
    malformed: int = Field(default=0, ge=0, description="That could not be read, and were skipped.")
    withheld: int = Field(default=0, ge=0, description="That the log left out.")
    others: int = Field(default=0, ge=0, description="Requests to signatures without raw columns.")


class DriftReport(Record):
    """What one check found."""

    model: str
    version: int
    window: Window
    findings: list[Finding]
    metrics: list[MetricFinding] = []
    anomalies: list[Anomaly] = []
    newer_data: NewerData | None = Field(
        default=None, description="What a retraining could learn from; None: nothing new."
    )
    notes: list[str] = Field(default=[], description="What was not compared, and why.")

    @property
    def drifted(self) -> list[Finding | MetricFinding]:
        """What drifted, the farthest beyond its threshold first."""
        both: list[Finding | MetricFinding] = [*self.findings, *self.metrics]
        found = [each for each in both if each.drifted]
        return sorted(found, key=lambda each: each.excess, reverse=True)


def _percents(change: Change) -> str:
    return f"went from {change.before:.1%} to {change.after:.1%}"
