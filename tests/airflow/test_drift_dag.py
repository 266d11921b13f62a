"""The DAG that watches requests: its graph, what waits in it, and whole runs of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models import DagRun
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowSkipException
from airflow.serialization.serialized_objects import DagSerialization
from airflow.utils.session import create_session

from tests.airflow.hand_made import write_model, write_package
from tests.airflow.watched import BUNDLE, MODEL, VERSION, Watched
from tfx_airflow.drift.triggers import WindowTrigger
from tfx_contract.drift_history import Followed
from tfx_contract.drift_report import NewerData
from tfx_contract.drift_spec import Drift
from tfx_contract.home import Home

SPAN = NewerData(uri="data", span=15, description="span 15")
NODE_TASKS = ["Reference", "RequestStatistics", "DriftDetector"]


@pytest.fixture
def watched(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """A model of which a version is live."""
    behaviour = tmp_path / "behaviour.json"
    behaviour.write_text("{}")
    monkeypatch.setenv("STAND_IN_BEHAVIOUR", str(behaviour))
    watched = Watched(home, behaviour)
    watched.compile()
    watched.go_live()
    return watched


@pytest.fixture(scope="module", autouse=True)
def airflows_database() -> Iterator[None]:
    """Airflow's own, in the folder that conftest names."""
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(command, check=True, capture_output=True)
    return


def run(watched: Watched) -> dict[str, str]:
    """One run of the DAG to its end; the state of each task, and of the run under an empty name."""
    place = watched.home.dags
    bag = DagBag(dag_folder=str(place), bundle_path=place, bundle_name=BUNDLE)
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(bag, BUNDLE, None)
    ended = bag.dags[f"{MODEL}__drift"].test()
    states = {task.task_id: str(task.state) for task in ended.get_task_instances()}
    return {"": str(ended.state), **states}


def retrainings() -> list[DagRun]:
    """Runs of the training DAG, which are forgotten."""
    with create_session() as session:
        found = session.query(DagRun).filter(DagRun.dag_id == MODEL).all()
        session.expunge_all()
        session.query(DagRun).filter(DagRun.dag_id == MODEL).delete()
    return found


def test_a_model_that_nobody_watches_has_no_such_dag(home: Home) -> None:
    write_model(home, serving={})
    write_package(home)
    bag = DagBag(dag_folder=str(home.dags), bundle_path=home.dags, bundle_name=BUNDLE)
    assert set(bag.dags) == {"taxi", "taxi__push", "taxi__rollback"}


def test_a_check_waits_looks_concludes_and_is_written_down(watched: Watched) -> None:
    dag = watched.dags()["taxi__drift"]
    assert [task.task_id for task in dag.topological_sort()] == [
        *("wait_for_requests", *NODE_TASKS, "conclude", "retrain", "record")
    ]
    assert dag.max_active_runs == 1
    assert not dag.params
    assert "aaaa1111" in (dag.doc_md or "")
    tasks = DagSerialization.to_dict(dag)["dag"]["tasks"]
    assert not [task for task in tasks if task["__var"].get("params")]


def test_a_person_is_asked_before_a_retraining(watched: Watched) -> None:
    watched.compile(when_drifted="ask", check_hours=5)
    ask = watched.dags()["taxi__drift"].get_task("ask")
    assert isinstance(ask, ApprovalOperator)
    assert (ask.upstream_task_ids, ask.downstream_task_ids) == ({"conclude"}, {"retrain"})
    assert ask.response_timeout == timedelta(hours=5)
    assert ask.defaults == ["Reject"]


def look(watched: Watched, seconds: float, package: Path | None = None) -> Any:
    """What the trigger says; "silent" when it waits on."""
    drift = Drift(check_requests=100, min_requests=100)
    folder = package or watched.home.compiled / MODEL / "aaaa1111"
    trigger = WindowTrigger(MODEL, str(folder), drift.model_dump(mode="json"), 0.05)
    path, arguments = trigger.serialize()
    assert path.endswith("WindowTrigger")
    again = WindowTrigger(**arguments)

    async def first_event() -> Any:
        try:
            async with asyncio.timeout(seconds):
                async for event in again.run():
                    return event.payload
        except TimeoutError:
            return "silent"
        finally:
            await again.cleanup()

    return asyncio.run(first_event())


def test_the_trigger_waits_for_a_log_and_for_enough_requests(watched: Watched) -> None:
    assert look(watched, 0.5) == "silent"
    watched.ask(99)
    assert look(watched, 0.5) == "silent"
    watched.ask(1)
    window = look(watched, 5)
    assert window["version"] == VERSION
    assert window["since"] < window["until"]


def test_a_new_pipeline_ends_the_waiting(watched: Watched) -> None:
    old = watched.compile("aaaa1111")
    watched.compile("bbbb2222")
    assert look(watched, 5, old) is None


def test_a_version_without_a_reference_is_not_checked(watched: Watched) -> None:
    watched.ask(100)
    (watched.versions / str(VERSION) / "reference").rmdir()
    assert look(watched, 0.5) == "silent"


def test_without_a_drift_nothing_follows(watched: Watched) -> None:
    watched.ask(100)
    watched.finds(drifted=False)
    states = run(watched)
    assert (states[""], states["record"], states["retrain"]) == ("success", "success", "skipped")
    (check,) = watched.journal()
    assert (check.followed, check.drifted, check.requests) == (Followed.NOTHING, [], 100)
    assert retrainings() == []


def test_a_drift_retrains_on_the_newest_span_and_says_why(watched: Watched) -> None:
    watched.ask(100)
    watched.finds(drifted=True, newer=SPAN)
    states = run(watched)
    assert set(states.values()) == {"success"}
    (check,) = watched.journal()
    (started,) = retrainings()
    assert (check.followed, check.drifted) == (Followed.RETRAINING, ["fare"])
    assert check.retraining == started.run_id
    assert started.conf["span"] == 15
    assert started.conf["must_gain"] is True
    assert started.conf["reason"] == check.reason
    assert "fare" in check.reason
    assert "span 15" in check.reason


def test_a_drift_without_newer_data_is_an_alert(watched: Watched) -> None:
    watched.ask(100)
    watched.finds(drifted=True)
    states = run(watched)
    assert (states[""], states["retrain"]) == ("success", "skipped")
    (check,) = watched.journal()
    assert check.followed is Followed.ALERT
    assert "no labelled data newer" in check.reason
    assert retrainings() == []


def test_a_retraining_that_a_person_declines_is_an_alert(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.ask(100)
    watched.finds(drifted=True, newer=SPAN)
    # What comes after a question that was answered with no is skipped.
    monkeypatch.setattr("tfx_airflow.drift.operators.Retrain.execute", _skip)
    assert run(watched)["retrain"] == "skipped"
    (check,) = watched.journal()
    assert (check.followed, check.retraining) == (Followed.ALERT, None)
    assert check.reason.endswith("A person declined it.")
    assert retrainings() == []


@pytest.mark.parametrize("node", ["RequestStatistics", "DriftDetector"])
def test_a_check_that_fails_is_made_again_from_the_same_moment(watched: Watched, node: str) -> None:
    watched.ask(100)
    watched.finds(drifted=True, newer=SPAN, **{node: "data_error"})
    assert run(watched)[""] == "failed"
    assert watched.journal() == []
    begun = look(watched, 5)["since"]
    watched.finds(drifted=True, newer=SPAN)
    assert run(watched)[""] == "success"
    (check,) = watched.journal()
    assert check.since == datetime.fromisoformat(begun)
    assert look(watched, 0.5) == "silent"
    assert len(retrainings()) == 1


@pytest.mark.parametrize(
    ("task", "step"),
    [
        ("wait_for_requests", "WaitForRequests.found"),
        ("conclude", "conclude"),
        ("retrain", "retraining_of"),
        ("record", "append_check"),
    ],
)
def test_a_window_starts_one_retraining_wherever_a_check_was_killed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, task: str, step: str
) -> None:
    watched.ask(100)
    watched.finds(drifted=True, newer=SPAN)
    with monkeypatch.context() as killed:
        killed.setattr(f"tfx_airflow.drift.operators.{step}", _die)
        assert run(watched)[task] == "failed"
    assert watched.journal() == []
    assert run(watched)[""] == "success"
    (check,) = watched.journal()
    (started,) = retrainings()
    assert (check.followed, check.retraining) == (Followed.RETRAINING, started.run_id)


def _skip(*arguments: Any, **more: Any) -> None:
    raise AirflowSkipException


def _die(*arguments: Any, **more: Any) -> bool:
    raise RuntimeError("killed")
