"""Which requests the next check is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from tfx_contract.deployments import Happened, live_version, read_events
from tfx_contract.drift_history import watermark
from tfx_contract.drift_spec import Drift
from tfx_contract.manifest import REFERENCE_FOLDER
from tfx_contract.record import Record
from tfx_request_log import RequestLog

# The endpoint writes within a second or two; a row that comes later still is in no window.
SETTLED_AFTER = timedelta(seconds=60)


class WindowPlan(Record):
    """The requests of one version in a span of time: `since` is in it, `until` is not."""

    version: int
    since: datetime
    until: datetime


def next_window(
    log: RequestLog, model: str, versions: Path, checks: Path, drift: Drift, now: datetime
) -> WindowPlan | None:
    """The window to check now; None while there are too few requests, or nothing to compare with.

    It begins where the last check of the live version ended, or when that version went live.

    Args:
      log: The request log.
      model: The model's name.
      versions: The folder of its versions.
      checks: The folder of its checks.
      drift: How many requests are worth a check.
      now: With a time zone.
    """
    version = watched_version(versions)
    if version is None:
        return None
    since = watermark(checks, version) or _went_live(versions, version)
    until = now - SETTLED_AFTER
    if until <= since:
        return None
    count = log.count_since(model, since, version, drift.check_requests, until)
    is_old = until - since >= timedelta(hours=drift.check_hours)
    needed = drift.min_requests if is_old else drift.check_requests
    return WindowPlan(version=version, since=since, until=until) if count >= needed else None


def watched_version(versions: Path) -> int | None:
    """The live version, if it has what its requests can be compared with."""
    version = live_version(versions)
    return version if version and reference_of(versions, version).exists() else None


def reference_of(versions: Path, version: int) -> Path:
    """The folder of what requests to a version are compared with."""
    return versions / str(version) / REFERENCE_FOLDER


def _went_live(versions: Path, version: int) -> datetime:
    promoted = [e.at for e in read_events(versions, version) if e.happened is Happened.PROMOTED]
    return datetime.fromisoformat(promoted[-1])
