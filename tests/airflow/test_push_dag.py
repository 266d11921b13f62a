"""The DAGs that push and roll back, through Airflow's own parser."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from airflow.serialization.serialized_objects import DagSerialization

from tests.airflow.hand_made import NODES, write_model, write_package
from tfx_airflow.serving.sensors import WaitForVersion
from tfx_airflow.serving.tasks import push_tasks
from tfx_airflow.serving.triggers import VersionTrigger
from tfx_contract.compiled import NodeRecord
from tfx_contract.deployments import DeploymentEvent, Happened, append_event
from tfx_contract.errors import InputError
from tfx_contract.home import Home
from tfx_contract.serving_spec import Serving, Target

PUSHER = NodeRecord(id="Pusher", type="VersionPusher", upstream=["Trainer"])


def parse(home: Home, serving: dict[str, Any] | None) -> dict[str, DAG]:
    write_model(home, **({} if serving is None else {"serving": serving}))
    write_package(home, nodes=[*NODES, PUSHER])
    bag = DagBag(dag_folder=str(home.dags), bundle_path=home.dags, bundle_name="models")
    assert bag.import_errors == {}
    return bag.dags


def test_a_model_without_serving_has_no_dags_that_push(home: Home) -> None:
    dags = parse(home, None)
    assert list(dags) == ["taxi"]
    assert dags["taxi"].get_task("Pusher").outlets == []


def test_a_push_goes_step_by_step_and_settles_whatever_happened(home: Home) -> None:
    serving = {"canary": {"steps": [10, 50]}}
    dag = parse(home, serving)["taxi__push"]
    chain = [
        *("wait_for_version", "take_over", "upload", "check_compatibility", "smoke_test"),
        *("share_10", "watch_10", "share_50", "watch_50", "promote", "settle"),
    ]
    assert [task.task_id for task in dag.topological_sort()] == chain
    assert push_tasks(Serving.model_validate(serving)) == chain
    assert dag.max_active_runs == 1
    settle = dag.get_task("settle")
    assert settle.is_teardown
    assert not settle.on_failure_fail_dagrun


def test_a_shadow_takes_the_place_of_the_shares(home: Home) -> None:
    serving = {"canary": {"shadow": True}}
    dag = parse(home, serving)["taxi__push"]
    names = [task.task_id for task in dag.topological_sort()]
    assert names[5:7] == ["shadow", "watch_shadow"]
    assert names == push_tasks(Serving.model_validate(serving))


def test_a_person_is_asked_right_before_the_promotion(home: Home) -> None:
    dag = parse(home, {"approval": True})["taxi__push"]
    approve = dag.get_task("approve")
    assert isinstance(approve, ApprovalOperator)
    assert approve.downstream_task_ids == {"promote"}
    assert approve.upstream_task_ids == {"watch_10"}
    assert push_tasks(Serving(approval=True))[-3:] == ["approve", "promote", "settle"]


def test_the_pusher_of_the_training_dag_wakes_the_push(home: Home) -> None:
    dags = parse(home, {})
    (outlet,) = dags["taxi"].get_task("Pusher").outlets
    assert dags["taxi"].get_task("Trainer").outlets == []
    assert [each.name for each in dags["taxi__push"].timetable.asset_condition.objects] == [
        outlet.name
    ]


def test_the_forms_take_a_version_or_nothing(home: Home) -> None:
    dags = parse(home, {})
    for dag, name in (("taxi__push", "version"), ("taxi__rollback", "to_version")):
        param = dags[dag].params.get_param(name)
        assert param.value is None
        assert param.schema == {"type": ["null", "integer"], "minimum": 1}


def test_a_rollback_decides_first_and_waits_for_no_other_run(home: Home) -> None:
    dag = parse(home, {})["taxi__rollback"]
    assert [task.task_id for task in dag.topological_sort()] == ["choose_version", "roll_back"]
    assert dag.max_active_runs > 1


def test_both_dags_name_their_compiled_pipeline(home: Home) -> None:
    # Without it Airflow would see no new version of the DAG and move the pins of running runs.
    dags = parse(home, {})
    for name in ("taxi__push", "taxi__rollback"):
        assert "aaaa1111" in (dags[name].doc_md or "")


def test_no_task_carries_the_parameters_of_its_dag(home: Home) -> None:
    dags = parse(home, {"approval": True})
    for name in ("taxi__push", "taxi__rollback"):
        tasks = DagSerialization.to_dict(dags[name])["dag"]["tasks"]
        assert tasks
        assert not [task for task in tasks if task["__var"].get("params")]


def test_parsing_imports_none_of_googles_clients(home: Home, tmp_path: Path) -> None:
    parse(home, {"approval": True})
    (tmp_path / "empty").mkdir()
    script = """
        import sys
        from airflow.dag_processing.dagbag import DagBag
        empty, dags = sys.argv[1:]
        DagBag(dag_folder=empty, bundle_path=empty, bundle_name="m")
        before = set(sys.modules)
        bag = DagBag(dag_folder=dags, bundle_path=dags, bundle_name="m")
        assert not bag.import_errors and len(bag.dags) == 3, bag.import_errors
        heavy = ("airflow.providers.google", "google.", "grpc", "requests", "sqlalchemy")
        print([name for name in set(sys.modules) - before if name.startswith(heavy)])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "empty"), str(home.dags)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.fixture
def versions(home: Home) -> Path:
    folder = home.versions("taxi")
    for number in (3, 5):
        (folder / str(number)).mkdir(parents=True)
        (folder / str(number) / "manifest.json").write_text("{}")
    return folder


def wait(run_type: str, **params: object) -> Any:
    task = WaitForVersion(task_id="wait", longest_hours=1, model="taxi", package="")
    run = SimpleNamespace(run_type=run_type)
    return task.step({"params": params, "dag_run": run})  # type: ignore[arg-type]


def decide(versions: Path, version: int, happened: Happened) -> None:
    event = DeploymentEvent(version=version, happened=happened, target=Target.LOCAL, by="test")
    append_event(versions, event)


def test_the_newest_undecided_version_is_pushed(versions: Path) -> None:
    assert wait("asset_triggered") == 5
    decide(versions, 5, Happened.REFUSED)
    assert wait("asset_triggered") == 3


def test_after_an_unchanged_night_there_is_nothing_to_push(versions: Path) -> None:
    decide(versions, 5, Happened.PROMOTED)
    with pytest.raises(AirflowSkipException):
        wait("asset_triggered")


def test_a_person_may_name_a_version_that_was_rejected(versions: Path) -> None:
    decide(versions, 5, Happened.ROLLED_BACK)
    assert wait("manual", version=5) == 5


def test_a_version_that_is_live_or_does_not_exist_is_not_pushed(versions: Path) -> None:
    decide(versions, 5, Happened.PROMOTED)
    with pytest.raises(AirflowSkipException, match="live already"):
        wait("manual", version=5)
    with pytest.raises(InputError, match=r"no version 4 in .*; the newest are: 3, 5"):
        wait("manual", version=4)


def test_a_manual_run_waits_in_the_triggerer(versions: Path) -> None:
    decide(versions, 5, Happened.PROMOTED)
    with pytest.raises(TaskDeferred) as deferred:
        wait("manual")
    assert isinstance(deferred.value.trigger, VersionTrigger)


async def _first(trigger: VersionTrigger) -> object:
    return (await anext(aiter(trigger.run()))).payload


def test_the_trigger_sees_a_version_appear_and_gives_up_in_time(versions: Path) -> None:
    decide(versions, 5, Happened.PROMOTED)

    async def appear() -> object:
        trigger = VersionTrigger(str(versions), 0.05, time.time() + 30)
        waiting = asyncio.create_task(_first(trigger))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        (versions / "9").mkdir()
        (versions / "9" / "manifest.json").write_text("{}")
        return await waiting

    assert asyncio.run(appear()) == 9
    decide(versions, 9, Happened.REFUSED)
    assert asyncio.run(_first(VersionTrigger(str(versions), 0.05, time.time()))) is None
