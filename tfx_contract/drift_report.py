"""The report of a drift check: what was compared, how far apart it lies, and what it means."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from tfx_contract.drift_spec import DriftKind
from tfx_contract.record import Record

REPORT_FILE = "report.json"


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
    anomalies: list[Anomaly] = []
    notes: list[str] = Field(default=[], description="What was not compared, and why.")

    @property
    def drifted(self) -> list[Finding]:
        """What drifted, the farthest beyond its threshold first."""
        found = [finding for finding in self.findings if finding.drifted]
        return sorted(found, key=lambda f: f.distance / (f.threshold or 1), reverse=True)


def _percents(change: Change) -> str:
    return f"went from {change.before:.1%} to {change.after:.1%}"
