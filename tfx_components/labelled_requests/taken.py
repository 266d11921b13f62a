"""What became of the labelled requests of a window."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from tfx_contract.record import Record
from tfx_contract.sample import WrittenRows

TAKEN_FILE = "taken.json"
# A smaller file would teach little, and be a span of its own.
FEWEST_ROWS = 100


class Step(StrEnum):
    """How far it came."""

    WAITING = "waiting"
    BEGUN = "begun"
    WRITTEN = "written"


class Taken(Record):
    """Labelled requests to one version: `since` is in the window, `until` is not."""

    version: int
    since: datetime
    until: datetime
    step: Step
    rows: int = Field(description="Instances whose raw label is known.")
    malformed: int = Field(default=0, description="Labelled ones that cannot be rows.")
    written: WrittenRows | None = None
    digest: str = Field(default="", description="SHA-256 of the file.")

    @property
    def sentence(self) -> str:
        """What became of them, for people."""
        if self.written:
            return f"{self.rows} rows written to {self.written.path}"
        return f"{self.rows} rows; they wait until there are {FEWEST_ROWS}"

    def covers(self, since: datetime, until: datetime) -> bool:
        """Whether all of that time lies within."""
        return self.since <= since and until <= self.until


def read_taken(uri: str) -> Taken:
    """Reads the file of an artifact."""
    return Taken.read(Path(uri) / TAKEN_FILE)
