"""Days gone by, parts of a run, and tasks that are cleared."""

from __future__ import annotations

import itertools
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.deployment import Deployment, eventually, run_id_of
from tests.e2e.mlmd import COMPLETE, Mlmd

DAILY = "daily"
NODES = ("CsvExampleGen", "Count", "PaperPusher")
FIRST = date(2026, 3, 7)
DAYS = [FIRST + timedelta(days=n) for n in range(3)]
CACHED = 5


@pytest.fixture(scope="module")
def daily(deployment: Deployment) -> Mlmd:
    """A model that learns from one day, over a change of the clock."""
    folder = deployment.home.dags / DAILY
    folder.mkdir()
    data = deployment.home.dags.parent / "days"
    for day in DAYS:
        (data / str(day)).mkdir(parents=True)
        (data / str(day) / "rows.csv").write_text("a,b\n" + "1,2\n" * 5)
    shutil.copy(Path(__file__).with_name("daily") / "pipeline.py", folder)
    shutil.copy(deployment.home.dags / "chicago_taxi" / "dag.py", folder)
    spec = {
        "schedule": "30 2 * * *",
        "timezone": "America/Chicago",
        "execution": {"retries": 0},
        "pipeline": {"arguments": {"data_root": str(data)}},
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(spec))
    return Mlmd(deployment.home, DAILY)


@pytest.fixture(scope="module")
def backfilled(deployment: Deployment, daily: Mlmd) -> list[str]:
    """The runs of a backfill over all days, the oldest first."""
    done = deployment.command("backfill", DAILY, "--from", str(DAYS[0]), "--to", str(DAYS[-1]))
    assert done.returncode == 0, done.stdout + done.stderr
    return list(dict.fromkeys(line.split()[0] for line in done.stdout.splitlines() if "__" in line))


def test_a_backfill_runs_each_day_on_its_own_span_and_pushes_nothing(
    deployment: Deployment, daily: Mlmd, backfilled: list[str]
) -> None:
    epoch = date(1970, 1, 1)
    assert [_span(daily, run_id) for run_id in backfilled] == [(d - epoch).days for d in DAYS]
    for run_id in backfilled:
        assert deployment.tasks(run_id, DAILY)["PaperPusher"].state == "skipped"
        assert not daily.executions(run_id, "PaperPusher")


def test_a_run_of_a_day_without_data_fails_and_says_which_there_are(
    deployment: Deployment, daily: Mlmd, backfilled: list[str]
) -> None:
    done = deployment.command("run", DAILY, "--span", "2026-03-20")
    assert done.returncode == 1
    assert "CsvExampleGen failed" in done.stderr
    assert deployment.tasks(run_id_of(done.stderr), DAILY)["Count"].state == "upstream_failed"


def test_a_run_of_a_part_takes_over_what_was_published_before_it(
    deployment: Deployment, daily: Mlmd, backfilled: list[str]
) -> None:
    done = deployment.command("run", DAILY, "--from", "Count", "--to", "Count")
    assert done.returncode == 0, done.stdout + done.stderr
    run_id = run_id_of(done.stderr)
    assert deployment.tasks(run_id, DAILY)["PaperPusher"].state == "skipped"
    (reused,) = daily.executions(run_id, "CsvExampleGen")
    (original,) = daily.executions(backfilled[-1], "CsvExampleGen")
    assert reused.state == CACHED
    assert daily.outputs(reused) == daily.outputs(original)


def test_a_cleared_task_works_again_and_is_a_run_of_its_own_in_mlmd(
    deployment: Deployment, daily: Mlmd, backfilled: list[str]
) -> None:
    run_id = backfilled[0]
    (before,) = daily.executions(run_id, "Count")
    with deployment.api() as api:
        _clear(api, run_id, "Count")
        eventually(lambda: api.run_state(DAILY, run_id) == "success", "the cleared run ends", 120)
    (again,) = daily.executions(f"{run_id}~1", "Count")
    assert again.state == COMPLETE
    assert daily.outputs(again) != daily.outputs(before)
    (inherited,) = daily.executions(f"{run_id}~1", "CsvExampleGen")
    assert inherited.state == CACHED
    assert daily.outputs(inherited) == daily.outputs(*daily.executions(run_id, "CsvExampleGen"))


def test_a_backfill_and_another_run_take_turns(
    deployment: Deployment, daily: Mlmd, backfilled: list[str]
) -> None:
    with deployment.api() as api:
        by_hand = [api.trigger(DAILY, {"span": str(DAYS[0]), "force_full_run": True})]
    done = deployment.command(
        "backfill", DAILY, "--from", str(DAYS[0]), "--to", str(DAYS[1]), "--again", "--push"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    deployment.assert_succeeds(by_hand[0], DAILY)
    spans = sorted(_work(deployment, run_id) for run_id in [*by_hand, *backfilled[:2]])
    for (_, ended), (started, _) in itertools.pairwise(spans):
        assert ended <= started
    assert deployment.tasks(backfilled[0], DAILY)["PaperPusher"].state == "success"


def _span(daily: Mlmd, run_id: str) -> int:
    (execution,) = daily.executions(run_id, "Count")
    (folder,) = daily.outputs(execution)
    return int((folder / "span.txt").read_text())


def _clear(api: Any, run_id: str, node: str) -> None:
    body = {"dag_run_id": run_id, "task_ids": [node], "dry_run": False, "only_failed": False}
    api._request("POST", f"/dags/{DAILY}/clearTaskInstances", json=body)


def _work(deployment: Deployment, run_id: str) -> tuple[str, str]:
    """When the first task of a run began, and when the last one ended."""
    with deployment.api() as api:
        answer = api._get(f"/dags/{DAILY}/dagRuns/{run_id}/taskInstances")
    tasks = [task for task in answer["task_instances"] if task["state"] == "success"]
    return min(t["start_date"] for t in tasks), max(t["end_date"] for t in tasks)
