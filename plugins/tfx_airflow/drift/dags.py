"""The DAG that compares requests with the training data, and retrains."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, BaseOperator, CronTriggerTimetable, TriggerRule

from tfx_airflow.documentation import describe_drift
from tfx_airflow.drift import operators
from tfx_airflow.drift.tasks import ASK, CONCLUDE, RECORD, RETRAIN, WAIT
from tfx_airflow.nodes import add_nodes
from tfx_airflow.pins import Pin
from tfx_airflow.task_settings import task_settings
from tfx_contract.compiled import DRIFT, Package, dag_id
from tfx_contract.drift_spec import WhenDrifted
from tfx_contract.model_spec import StandardModelSpec

# Only begins to wait: a check begins when there are requests. It keeps a check that fails from
# being tried again without a break.
_WAIT_AGAIN = "*/10 * * * *"


def drift_dag(package: Package, folder: Path, pin: Pin, tags: list[str]) -> DAG:
    """`<model>__drift`: waits for a window of requests, checks it, and does what follows."""
    with DAG(
        dag_id(package.model, DRIFT),
        description=package.spec.description or None,
        schedule=CronTriggerTimetable(_WAIT_AGAIN, timezone="UTC", run_immediately=True),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=tags,
        doc_md=describe_drift(package, pin),
    ) as dag:
        pass
    settings = task_settings(package, folder)
    wait = operators.WaitForRequests(task_id=WAIT, **settings)
    after = _after(package, settings)
    dag.add_tasks([wait, *after])
    nodes = add_nodes(dag, package, DRIFT, folder, values_from=WAIT).values()
    wait.set_downstream([node for node in nodes if not node.upstream_task_ids])
    after[0].set_upstream([node for node in nodes if not node.downstream_task_ids])
    for before, task in pairwise(after):
        task.set_upstream(before)
    return dag


def _after(package: Package, settings: dict[str, Any]) -> list[BaseOperator]:
    """The tasks that follow the report, one after the other."""
    spec = package.spec
    assert isinstance(spec, StandardModelSpec)
    assert spec.drift is not None
    own = {key: value for key, value in settings.items() if key != "package"}
    retrain = operators.Retrain(task_id=RETRAIN, **own)
    # A retraining that does not follow was left out, and so is the question.
    record = operators.Record(task_id=RECORD, trigger_rule=TriggerRule.NONE_FAILED, **settings)
    asked = _ask(own, spec.drift.check_hours) if spec.drift.when_drifted is WhenDrifted.ASK else []
    return [operators.Conclude(task_id=CONCLUDE, **settings), *asked, retrain, record]


def _ask(settings: dict[str, Any], hours: float) -> list[BaseOperator]:
    from tfx_airflow.drift.approval import AskForRetraining

    # A person may take longer than any task.
    own = {key: value for key, value in settings.items() if key != "execution_timeout"}
    return [AskForRetraining(task_id=ASK, response_timeout=timedelta(hours=hours), **own)]
