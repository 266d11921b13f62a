"""The DAGs that push a model's versions to its endpoint, and take them back."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Asset, BaseOperator, Param, TriggerRule

from tfx_airflow.documentation import describe_serving
from tfx_airflow.pins import Pin
from tfx_airflow.serving import operators, tasks
from tfx_airflow.serving.sensors import WaitForVersion, Watch
from tfx_airflow.task_settings import task_settings
from tfx_contract.compiled import PUSH, ROLLBACK, Package, dag_id
from tfx_contract.serving_spec import Serving

_PUSHER_TYPES = ("VersionPusher", "Pusher")
_LONGEST_WAIT_HOURS = 24.0
_NUMBER = ["null", "integer"]


def versions_asset(model: str) -> Asset:
    """What the training DAG's Pusher updates; it wakes the DAG that pushes."""
    return Asset(f"{model}_versions")


def outlets(node_type: str, package: Package) -> list[Asset]:
    """The assets that a node of the training DAG updates."""
    pushes = package.spec.serving is not None and node_type in _PUSHER_TYPES
    return [versions_asset(package.model)] if pushes else []


def push_dag(package: Package, folder: Path, pin: Pin, tags: list[str]) -> DAG:
    """`<model>__push`."""
    version = Param(
        None,
        description="Version to push, also one that was rejected. Left empty: the newest that "
        "nothing was decided about.",
        type=_NUMBER,
        minimum=1,
    )
    with DAG(
        dag_id(package.model, PUSH),
        schedule=[versions_asset(package.model)],
        max_active_runs=1,
        params={tasks.VERSION: version},
        **_common(package, PUSH, pin, tags),
    ) as dag:
        pass
    # Made inside of the context, each would be stored with a copy of all parameters of the DAG.
    chain = _push_tasks(package, folder)
    dag.add_tasks(chain)
    for before, after in pairwise(chain):
        after.set_upstream(before)
    # A teardown runs always, and leaves a failed run failed.
    chain[-1].as_teardown()
    return dag


def rollback_dag(package: Package, folder: Path, pin: Pin, tags: list[str]) -> DAG:
    """`<model>__rollback`; its form in Airflow is the button."""
    to_version = Param(
        None,
        description="Version to go back to. Left empty: the one promoted before; while a new "
        "version is on trial, the live one.",
        type=_NUMBER,
        minimum=1,
    )
    with DAG(
        dag_id(package.model, ROLLBACK),
        schedule=None,
        params={tasks.TO_VERSION: to_version},
        **_common(package, ROLLBACK, pin, tags),
    ) as dag:
        pass
    settings = task_settings(package, folder)
    choose = operators.ChooseVersion(task_id=tasks.CHOOSE, **settings)
    roll_back = operators.RollBack(task_id=tasks.ROLL_BACK, choice=tasks.CHOOSE, **settings)
    dag.add_tasks([choose, roll_back])
    roll_back.set_upstream(choose)
    return dag


def _push_tasks(package: Package, folder: Path) -> list[BaseOperator]:
    serving = package.spec.serving
    assert serving is not None
    settings = task_settings(package, folder)
    # After a step that was left out, as the canary of the first version is.
    later = {**settings, "trigger_rule": TriggerRule.NONE_FAILED}
    return [
        WaitForVersion(task_id=tasks.WAIT, longest_hours=_LONGEST_WAIT_HOURS, **settings),
        operators.TakeOver(task_id=tasks.TAKE_OVER, **settings),
        operators.Upload(task_id=tasks.UPLOAD, **settings),
        operators.CheckCompatibility(task_id=tasks.CHECK, **settings),
        operators.SmokeTest(task_id=tasks.SMOKE, **settings),
        *_canary(serving, later),
        *_approval(serving, later),
        operators.Promote(task_id=tasks.PROMOTE, **later),
        operators.Settle(task_id=tasks.SETTLE, **settings),
    ]


def _canary(serving: Serving, later: dict[str, Any]) -> list[BaseOperator]:
    pairs = [
        (
            operators.GiveShare(task_id=step, percent=percent, **later),
            Watch(task_id=tasks.watch_of(step), share=step, **later),
        )
        for step, percent in tasks.canary_steps(serving).items()
    ]
    return [task for pair in pairs for task in pair]


def _approval(serving: Serving, later: dict[str, Any]) -> list[BaseOperator]:
    if not serving.approval:
        return []
    from tfx_airflow.serving.approval import ApprovePromotion

    *_, last = tasks.canary_steps(serving)
    # A person may take longer than any task.
    settings = {key: value for key, value in later.items() if key != "execution_timeout"}
    return [ApprovePromotion(task_id=tasks.APPROVE, judged=tasks.watch_of(last), **settings)]


def _common(package: Package, name: str, pin: Pin, tags: list[str]) -> dict[str, Any]:
    return {
        "description": package.spec.description or None,
        "catchup": False,
        "is_paused_upon_creation": False,
        "tags": tags,
        "doc_md": describe_serving(package, name, pin),
    }
