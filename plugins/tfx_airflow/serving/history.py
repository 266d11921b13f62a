"""What the deployment events say of a model's versions, beyond which one is live."""

from __future__ import annotations

from pathlib import Path

from tfx_airflow.serving.endpoint import State
from tfx_airflow.serving.push import record_once
from tfx_contract.deployments import (
    DeploymentEvent,
    Happened,
    live_version,
    read_events,
    rejected_versions,
    version_numbers,
)
from tfx_contract.errors import InputError
from tfx_contract.serving_spec import Target


def promoted_before(versions: Path, live: int | None) -> list[int]:
    """Versions to go back to, the one promoted last at first; none that was rejected since."""
    promoted = {
        number: event.at
        for number in version_numbers(versions)
        for event in read_events(versions, number)
        if event.happened is Happened.PROMOTED
    }
    good = promoted.keys() - rejected_versions(versions) - {live}
    return sorted(good, key=lambda number: promoted[number], reverse=True)


def existing_version(versions: Path, model: str, wanted: int) -> int:
    """The version, if it was pushed.

    Raises:
      InputError: it was not.
    """
    known = version_numbers(versions)
    if wanted not in known:
        there = ", ".join(map(str, known[-10:])) or "none"
        raise InputError(
            f"Model '{model}' has no version {wanted} in {versions}; the newest are: {there}."
        )
    return wanted


def heal(versions: Path, state: State, target: Target) -> None:
    """Adds the events that somebody who was killed between a change and its event owes.

    The endpoint's label `live` moves together with the traffic, so it is right when they differ.
    """
    live, known = state.live, live_version(versions)
    if live is None or live == known or live not in version_numbers(versions):
        return
    by, reason = "settled later", "the endpoint had it live already"
    if known is not None and live in promoted_before(versions, known):
        back = f"the endpoint had gone back to version {live}"
        _append(versions, known, Happened.ROLLED_BACK, target, by, back)
    if live_version(versions) != live:
        _append(versions, live, Happened.PROMOTED, target, by, reason)


def _append(
    versions: Path, version: int, happened: Happened, target: Target, by: str, reason: str
) -> None:
    event = DeploymentEvent(version=version, happened=happened, target=target, by=by, reason=reason)
    record_once(versions, event)
