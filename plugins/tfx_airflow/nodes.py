"""The nodes of a compiled pipeline as the tasks of a DAG."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, TriggerRule

from tfx_airflow.operators import TfxNodeOperator
from tfx_airflow.serving.dags import outlets
from tfx_contract.compiled import TRAIN, NodeRecord, Package, Waits

_TRIGGER_RULES = {
    Waits.SUCCESS: TriggerRule.ALL_SUCCESS,
    Waits.NO_FAILURE: TriggerRule.NONE_FAILED,
    Waits.END: TriggerRule.ALL_DONE,
}


def add_nodes(
    dag: DAG, package: Package, name: str, folder: Path, values_from: str | None = None
) -> dict[str, TfxNodeOperator]:
    """Adds the nodes of a pipeline to a DAG, in their order; gives their tasks by node.

    Args:
      dag: It must not be the current context: each task would be stored with a copy of all
        parameters of the DAG.
      package: The compiled pipelines of a model.
      name: Which of them.
      folder: Where it lies.
      values_from: The task that gives the pipeline's parameters; left out, the run's form does.
    """
    nodes = package.pipelines[name].nodes
    settings = {**_settings(package, folder), "pipeline": name, "values_from": values_from}
    tasks = {
        node.id: TfxNodeOperator(
            task_id=node.id,
            trigger_rule=_TRIGGER_RULES[node.waits_for],
            outlets=outlets(node.type, package) if name == TRAIN else [],
            **settings,
        )
        for node in nodes
    }
    dag.add_tasks(tasks.values())
    _connect(nodes, tasks)
    return tasks


def _connect(nodes: list[NodeRecord], tasks: dict[str, TfxNodeOperator]) -> None:
    for node in nodes:
        tasks[node.id].set_upstream([tasks[upstream] for upstream in node.upstream])


def _settings(package: Package, folder: Path) -> dict[str, Any]:
    execution = package.spec.execution
    return {
        "model": package.model,
        "package": str(folder),
        "owner": package.spec.owner,
        "retries": execution.retries,
        "retry_delay": timedelta(seconds=execution.retry_delay_seconds),
        "execution_timeout": timedelta(minutes=execution.timeout_minutes),
        "stall_seconds": execution.stall_minutes * 60,
    }
