"""Deployment events: appended, never changed, and together they say which version is live."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfx_contract.deployments import (
    DEPLOYMENTS_FILE,
    DeploymentEvent,
    Happened,
    append_event,
    live_version,
    read_events,
    rejected_versions,
    undecided_versions,
)
from tfx_contract.serving_spec import Target


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    for number in (3, 5, 8):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "manifest.json").write_text("{}")
    (tmp_path / "9").mkdir()
    return tmp_path


def note(versions: Path, version: int, happened: Happened) -> None:
    event = DeploymentEvent(version=version, happened=happened, target=Target.LOCAL, by="test")
    append_event(versions, event)


def test_before_anything_happened_every_version_is_undecided(versions: Path) -> None:
    assert live_version(versions) is None
    assert undecided_versions(versions) == [3, 5, 8]


def test_the_version_promoted_last_is_live(versions: Path) -> None:
    note(versions, 3, Happened.PROMOTED)
    note(versions, 5, Happened.PROMOTED)
    assert live_version(versions) == 5
    assert undecided_versions(versions) == [8]


def test_a_rollback_makes_the_one_before_live_and_rejects_the_other(versions: Path) -> None:
    note(versions, 3, Happened.PROMOTED)
    note(versions, 5, Happened.PROMOTED)
    note(versions, 5, Happened.ROLLED_BACK)
    assert live_version(versions) == 3
    assert rejected_versions(versions) == {5}
    assert undecided_versions(versions) == [8]


def test_a_person_may_promote_what_was_rejected(versions: Path) -> None:
    note(versions, 5, Happened.REFUSED)
    note(versions, 5, Happened.PROMOTED)
    assert (live_version(versions), rejected_versions(versions)) == (5, set())


def test_half_a_line_of_a_killed_writer_costs_only_itself(versions: Path) -> None:
    note(versions, 3, Happened.UPLOADED)
    with (versions / "3" / DEPLOYMENTS_FILE).open("a") as file:
        file.write('{"version": 3, "happ')
    note(versions, 3, Happened.PROMOTED)
    assert [event.happened for event in read_events(versions, 3)] == ["uploaded", "promoted"]
    assert live_version(versions) == 3


def test_a_line_ends_with_a_newline_and_with_nothing_else(versions: Path) -> None:
    reason = "a\u2028b\x85c\nd"
    event = DeploymentEvent(
        version=3, happened=Happened.REFUSED, target=Target.LOCAL, by="test", reason=reason
    )
    append_event(versions, event)
    assert [event.reason for event in read_events(versions, 3)] == [reason]
