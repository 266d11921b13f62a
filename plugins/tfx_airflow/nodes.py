"""The nodes of a compiled pipeline as the tasks of a DAG."""

from __future__ import annotations

from pathlib import Path

from airflow.sdk import DAG, TriggerRule

from tfx_airflow.operators import TfxNodeOperator
from tfx_airflow.serving.dags import outlets
from tfx_airflow.task_settings import task_settings
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
    settings = task_settings(package, folder)
    tasks = {
        node.id: TfxNodeOperator(
            task_id=node.id,
            trigger_rule=_TRIGGER_RULES[node.waits_for],
            outlets=outlets(node.type, package) if name == TRAIN else [],
            pipeline=name,
            stall_seconds=package.spec.execution.stall_minutes * 60,
            values_from=values_from,
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
