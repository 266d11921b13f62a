"""The drift checks of a model: `<reports>/checks.jsonl`, one line a window.

A window counts as checked when its line is there, and what followed from it is done by then: a
check that was killed before is made again, and its window begins at the same moment.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from tfx_contract import journal
from tfx_contract.record import Record

CHECKS_FILE = "checks.jsonl"


class Followed(StrEnum):
    """What followed from a check."""

    NOTHING = "nothing"
    ALERT = "alert"
    RETRAINING = "retraining"


class DriftCheck(Record):
    """One window that was checked."""

    version: int = Field(ge=1)
    since: datetime
    until: datetime
    requests: int = Field(ge=0)
    drifted: list[str] = Field(default=[], description="Columns, the worst first.")
    followed: Followed
    reason: str = Field(default="", description="Why, and why no more.")
    report: str | None = Field(default=None, description="Folder of the report.")
    retraining: str | None = Field(default=None, description="The Airflow run that it started.")
    by: str = Field(description="The Airflow run `dag/run`.")
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))


def append_check(reports: Path, check: DriftCheck) -> bool:
    """Adds a check; False, and nothing is added, when its window was checked before."""
    if (until := watermark(reports, check.version)) and check.since < until:
        return False
    reports.mkdir(parents=True, exist_ok=True)
    journal.append(reports / CHECKS_FILE, check)
    return True


def read_checks(reports: Path) -> list[DriftCheck]:
    """All checks, the oldest first."""
    return journal.read(reports / CHECKS_FILE, DriftCheck)


def watermark(reports: Path, version: int) -> datetime | None:
    """Until when a version's requests were checked; None before its first check."""
    return max((c.until for c in read_checks(reports) if c.version == version), default=None)


def last_retraining(reports: Path) -> DriftCheck | None:
    """The last check that started a retraining."""
    started = [c for c in read_checks(reports) if c.followed is Followed.RETRAINING]
    return started[-1] if started else None
