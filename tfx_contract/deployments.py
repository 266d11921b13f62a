"""What became of a pushed version: deployment events, appended beside its manifest.

`<versions>/<version>/deployments.jsonl` holds one event a line, the oldest first. A manifest never
changes; these lines are only ever added. Together they say which version is live.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from tfx_contract import journal
from tfx_contract.manifest import MANIFEST_FILE
from tfx_contract.record import Record
from tfx_contract.serving_spec import Target

DEPLOYMENTS_FILE = "deployments.jsonl"

Number = int | float | str | bool | None


class Happened(StrEnum):
    """What can happen to a version."""

    UPLOADED = "uploaded"
    SMOKE_TESTED = "smoke_tested"
    REFUSED = "refused"
    CANARY = "canary"
    JUDGED = "judged"
    APPROVED = "approved"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    RETIRED = "retired"


class DeploymentEvent(Record):
    """One decision about one version, with the numbers that it rests on."""

    version: int = Field(ge=1)
    happened: Happened
    at: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="microseconds"))
    target: Target
    by: str = Field(description="The Airflow run `dag/run`, or the person and command.")
    reason: str = ""
    numbers: dict[str, Number] = {}


def append_event(versions: Path, event: DeploymentEvent) -> None:
    """Adds one line; what was written before is never touched.

    Raises:
      FileNotFoundError: there is no such version.
    """
    journal.append(versions / str(event.version) / DEPLOYMENTS_FILE, event)


def read_events(versions: Path, version: int) -> list[DeploymentEvent]:
    """The events of one version, the oldest first; a line that was cut off is left out."""
    return journal.read(versions / str(version) / DEPLOYMENTS_FILE, DeploymentEvent)


def version_numbers(versions: Path) -> list[int]:
    """Every pushed version, the oldest first."""
    return sorted(
        int(path.parent.name)
        for path in versions.glob(f"*/{MANIFEST_FILE}")
        if path.parent.name.isdigit()
    )


def live_version(versions: Path) -> int | None:
    """The version that was promoted last and not rolled back since; None when there is none."""
    promotions = _last_of_each(versions, Happened.PROMOTED)
    candidates = promotions.keys() - rejected_versions(versions)
    return max(candidates, key=lambda number: promotions[number], default=None)


def rejected_versions(versions: Path) -> set[int]:
    """Versions that were refused or rolled back, and not promoted since."""
    promoted = _last_of_each(versions, Happened.PROMOTED)
    rejected = _last_of_each(versions, Happened.REFUSED, Happened.ROLLED_BACK)
    return {number for number, at in rejected.items() if at > promoted.get(number, "")}


def undecided_versions(versions: Path) -> list[int]:
    """Versions newer than the live one that nothing was decided about yet, the oldest first."""
    rejected, live = rejected_versions(versions), live_version(versions) or 0
    return [n for n in version_numbers(versions) if n > live and n not in rejected]


def _last_of_each(versions: Path, *kinds: Happened) -> dict[int, str]:
    """By version, when one of these happened last; the times sort as texts."""
    last = {
        number: [event.at for event in read_events(versions, number) if event.happened in kinds]
        for number in version_numbers(versions)
    }
    return {number: times[-1] for number, times in last.items() if times}
