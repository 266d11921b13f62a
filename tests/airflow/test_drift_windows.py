"""Windows of requests follow each other without a gap, and begin anew with a new version."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tfx_airflow.drift.windows import WindowPlan, next_window
from tfx_contract.deployments import DeploymentEvent, Happened, append_event
from tfx_contract.drift_history import DriftCheck, Followed, append_check
from tfx_contract.drift_spec import Drift
from tfx_contract.manifest import MANIFEST_FILE, REFERENCE_FOLDER
from tfx_contract.serving_spec import Target
from tfx_request_log import LoggedRequest, RequestLog

LIVE = datetime(2026, 11, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DRIFT = Drift(check_requests=300, check_hours=24, min_requests=100)
_ids = itertools.count(1)


class Served:
    """A model with versions, a log and checks."""

    def __init__(self, folder: Path) -> None:
        self.versions, self.reports = folder / "models", folder / "reports"
        self.log = RequestLog(f"sqlite:///{folder / 'log.db'}")
        self.log.create()

    def promote(self, version: int, at: datetime) -> None:
        manifest = self.versions / str(version) / MANIFEST_FILE
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text("{}")
        (manifest.parent / REFERENCE_FOLDER).mkdir(exist_ok=True)
        event = DeploymentEvent(
            version=version,
            happened=Happened.PROMOTED,
            at=at.isoformat(timespec="microseconds"),
            target=Target.LOCAL,
            by="test",
        )
        append_event(self.versions, event)

    def ask(self, requests: int, at: datetime, version: int = 7, shadow: bool = False) -> None:
        row: dict[str, Any] = {
            "logging_time": at,
            "endpoint": "projects/p/locations/l/endpoints/1",
            "deployed_model_id": "d1",
            "model": "taxi",
            "model_version": "1",
            "version": version,
            "signature": "serving_json",
            "latency_ms": 1.0,
            "shadow": shadow,
            "request_payload": ["{}"],
            "response_payload": ["0.5"],
        }
        self.log.append([LoggedRequest(request_id=next(_ids), **row) for _ in range(requests)])

    def window(self, now: datetime) -> WindowPlan | None:
        return next_window(self.log, "taxi", self.versions, self.reports, DRIFT, now)

    def check(self, plan: WindowPlan) -> None:
        done = DriftCheck(**plan.model_dump(), requests=1, followed=Followed.NOTHING, by="test")
        assert append_check(self.reports, done)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    served.promote(7, LIVE)
    yield served
    served.log.close()


def test_a_model_that_is_not_live_has_no_window(tmp_path: Path) -> None:
    served = Served(tmp_path)
    served.ask(500, LIVE)
    assert served.window(LIVE + HOUR) is None
    served.log.close()


def test_the_first_window_begins_when_the_version_went_live(served: Served) -> None:
    served.ask(500, LIVE - MINUTE)
    served.ask(299, LIVE + MINUTE)
    assert served.window(LIVE + HOUR) is None
    served.ask(1, LIVE + 2 * MINUTE)
    found = served.window(LIVE + HOUR)
    assert found == WindowPlan(version=7, since=LIVE, until=LIVE + HOUR - MINUTE)


def test_the_next_window_begins_where_the_last_one_ended(served: Served) -> None:
    served.ask(300, LIVE + MINUTE)
    first = served.window(LIVE + HOUR)
    assert first is not None
    assert served.window(LIVE + HOUR) == first
    served.check(first)
    assert served.window(LIVE + 2 * HOUR) is None
    served.ask(300, LIVE + HOUR)
    second = served.window(LIVE + 3 * HOUR)
    assert second is not None
    assert second.since == first.until


def test_requests_of_the_last_minute_are_of_the_next_window(served: Served) -> None:
    served.ask(299, LIVE + MINUTE)
    served.ask(300, LIVE + HOUR)
    assert served.window(LIVE + HOUR + MINUTE / 2) is None
    found = served.window(LIVE + HOUR + 2 * MINUTE)
    assert found is not None
    assert found.until == LIVE + HOUR + MINUTE


def test_after_a_day_fewer_requests_will_do_but_not_too_few(served: Served) -> None:
    served.ask(99, LIVE + MINUTE)
    assert served.window(LIVE + 26 * HOUR) is None
    served.ask(1, LIVE + 2 * MINUTE)
    assert served.window(LIVE + 23 * HOUR) is None
    assert served.window(LIVE + 26 * HOUR) is not None


def test_a_new_version_begins_windows_of_its_own(served: Served) -> None:
    served.ask(300, LIVE + MINUTE)
    served.promote(9, LIVE + HOUR)
    served.ask(300, LIVE + HOUR + MINUTE, version=9)
    assert served.window(LIVE + 3 * HOUR) == WindowPlan(
        version=9, since=LIVE + HOUR, until=LIVE + 3 * HOUR - MINUTE
    )


def test_other_versions_and_shadows_do_not_count(served: Served) -> None:
    served.ask(300, LIVE + MINUTE, version=9)
    served.ask(300, LIVE + MINUTE, shadow=True)
    assert served.window(LIVE + HOUR) is None
