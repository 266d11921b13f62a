"""Drift checks: a window is checked once, whatever is killed in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tfx_contract.drift_history import (
    CHECKS_FILE,
    DriftCheck,
    Followed,
    append_check,
    last_retraining,
    read_checks,
    watermark,
)

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def check(hour: int, version: int = 7, followed: Followed = Followed.NOTHING) -> DriftCheck:
    since = START + hour * HOUR
    return DriftCheck(
        version=version,
        since=since,
        until=since + HOUR,
        requests=100,
        followed=followed,
        by="taxi__drift/monday",
    )


def test_before_the_first_check_there_is_no_watermark(tmp_path: Path) -> None:
    assert watermark(tmp_path, 7) is None
    assert last_retraining(tmp_path) is None


def test_each_version_has_a_watermark_of_its_own(tmp_path: Path) -> None:
    for one in (check(1), check(2), check(9, version=8)):
        assert append_check(tmp_path / "reports", one)
    assert watermark(tmp_path / "reports", 7) == START + 3 * HOUR
    assert watermark(tmp_path / "reports", 8) == START + 10 * HOUR


def test_a_window_is_noted_once(tmp_path: Path) -> None:
    assert append_check(tmp_path, check(1))
    assert not append_check(tmp_path, check(1))
    overlapping = check(1).model_copy(
        update={"since": START + 1.5 * HOUR, "until": START + 5 * HOUR}
    )
    assert not append_check(tmp_path, overlapping)
    assert append_check(tmp_path, check(2))
    assert len(read_checks(tmp_path)) == 2


def test_a_line_that_was_cut_off_is_checked_again(tmp_path: Path) -> None:
    append_check(tmp_path, check(1))
    path = tmp_path / CHECKS_FILE
    append_check(tmp_path, check(2))
    path.write_bytes(path.read_bytes()[:-20])
    assert watermark(tmp_path, 7) == START + 2 * HOUR
    assert append_check(tmp_path, check(2))
    assert [one.since for one in read_checks(tmp_path)] == [START + HOUR, START + 2 * HOUR]


def test_the_last_retraining_is_told(tmp_path: Path) -> None:
    for one in (check(1, followed=Followed.RETRAINING), check(2, followed=Followed.ALERT)):
        append_check(tmp_path, one)
    found = last_retraining(tmp_path)
    assert found is not None
    assert found.since == START + HOUR
