"""From an Airflow task in its run to the request that starts its node."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from airflow.sdk import conf
from airflow.sdk.exceptions import AirflowSkipException

from tfx_airflow.options import span_of_run, why_left_out
from tfx_airflow.parameters import values_of_run
from tfx_airflow.partial_run import plan
from tfx_contract.compiled import CompiledPipeline, NodeRecord, Package, dag_id
from tfx_contract.home import Home
from tfx_contract.model_spec import ModelSpec
from tfx_contract.node import NodeRequest, Run
from tfx_contract.parameters import RunOption

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tfx_airflow.operators import TfxNodeOperator

_BACKFILL = "backfill"


def node_request(task: TfxNodeOperator, context: Context, package: Package) -> NodeRequest:
    """The request of a task.

    Raises:
      AirflowSkipException: the node has no part in this run; the message says why.
      InputError: a parameter of the run is not allowed.
    """
    from tfx_request_log.place import log_url

    home = Home.from_environment()
    pipeline, params = package.pipelines[task.pipeline], dict(context["params"])
    dag_run = context["dag_run"]
    reuse = _reuse(task.task_id, pipeline, package.spec, params, dag_run.run_type == _BACKFILL)
    return NodeRequest(
        model=task.model,
        pipeline=task.pipeline,
        node_id=task.task_id,
        package=task.package,
        run=_run_of(context),
        reuse=reuse,
        span=span_of_run(
            pipeline,
            package.spec,
            params.get(RunOption.SPAN),
            dag_run.logical_date or dag_run.run_after,
        ),
        token=uuid.uuid4().hex,
        pipeline_root=str(home.pipeline_root(dag_id(task.model, task.pipeline))),
        metadata=home.metadata,
        versions=str(home.versions(task.model)),
        request_log=log_url(home.endpoint),
        parameters=values_of_run(params | _values(task, context), pipeline.parameters),
        use_cache=not params.get(RunOption.FORCE_FULL_RUN, False),
        stall_seconds=task.stall_seconds,
    )


def _values(task: TfxNodeOperator, context: Context) -> dict[str, Any]:
    """What a task before gives in place of the form."""
    if task.values_from is None:
        return {}
    return dict(context["ti"].xcom_pull(task_ids=task.values_from))


def _reuse(
    node_id: str,
    pipeline: CompiledPipeline,
    spec: ModelSpec,
    params: dict[str, Any],
    is_backfill: bool,
) -> list[str] | None:
    """The nodes whose last good artifacts this run takes over, when this node is one of them."""

    def left_out(node: NodeRecord) -> str:
        return why_left_out(node.runs_if, params, spec, is_backfill)

    nodes = {node.id: node for node in pipeline.nodes}
    if reason := left_out(nodes[node_id]):
        raise AirflowSkipException(f"Node '{node_id}' is left out: {reason}.")
    first, last = params.get(RunOption.FROM_NODE), params.get(RunOption.TO_NODE)
    parts = plan(pipeline.nodes, first, last)
    if node_id in parts.run:
        return None
    if node_id not in parts.reuse:
        span = f"{f'from {first} ' if first else ''}{f'to {last}' if last else ''}".strip()
        raise AirflowSkipException(f"Node '{node_id}' is no part of a run {span}.")
    return sorted(name for name in parts.reuse if not left_out(nodes[name]))


def _run_of(context: Context) -> Run:
    dag_run, instance = context["dag_run"], context["ti"]
    logical_date = dag_run.logical_date
    return Run(
        dag_id=dag_run.dag_id,
        run_id=dag_run.run_id,
        try_number=instance.try_number,
        generation=dag_run.clear_number or 0,
        logical_date=logical_date.isoformat() if logical_date else None,
        url=run_url(conf.get("api", "base_url", fallback=""), dag_run.dag_id, dag_run.run_id),
    )


def run_url(base_url: str, dag: str, run_id: str) -> str | None:
    """The address of a run in Airflow's UI."""
    return f"{base_url.rstrip('/')}/dags/{dag}/runs/{run_id}" if base_url else None
