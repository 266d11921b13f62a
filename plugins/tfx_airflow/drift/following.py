"""What follows from a check: nothing, an alert, or a retraining."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tfx_contract.drift_history import DriftCheck, Followed
from tfx_contract.drift_report import DriftReport
from tfx_contract.drift_spec import Drift, WhenDrifted


@dataclass(frozen=True)
class Circumstances:
    """What a retraining depends on besides the drift.

    Attributes:
      now: With a time zone.
      last_retraining: The last check that started one.
      under_way: Whether a run of the training DAG has not ended.
      newer_data: Labelled data that the live version did not learn from, in words.
    """

    now: datetime
    last_retraining: DriftCheck | None = None
    under_way: bool = False
    newer_data: str | None = None


@dataclass(frozen=True)
class Conclusion:
    """What follows, and why."""

    followed: Followed
    reason: str


def conclude(report: DriftReport, drift: Drift, circumstances: Circumstances) -> Conclusion:
    """What follows from a report. A drift without a retraining is always an alert."""
    found = report.drifted
    if not found:
        return Conclusion(Followed.NOTHING, "Nothing drifted.")
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    drifted = f"{found[0].sentence}{more}."
    if obstacle := _obstacle(drift, circumstances):
        return Conclusion(Followed.ALERT, f"{drifted} No retraining: {obstacle}.")
    return Conclusion(Followed.RETRAINING, f"{drifted} Retraining on {circumstances.newer_data}.")


def _obstacle(drift: Drift, circumstances: Circumstances) -> str:
    """Why there is no retraining; empty when nothing stands in its way."""
    if drift.when_drifted is WhenDrifted.ALERT:
        return "drift.when_drifted of model.yaml is 'alert'"
    if circumstances.newer_data is None:
        return "there is no labelled data newer than the live version's"
    if circumstances.under_way:
        return "a run of the training DAG is under way"
    last = circumstances.last_retraining
    cool = timedelta(hours=drift.cool_down_hours)
    if last is not None and circumstances.now < last.at + cool:
        return f"the last one was started at {last.at:%Y-%m-%d %H:%M}, within the cool-down"
    return ""
