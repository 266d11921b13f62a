"""The DAG factory: from a compiled pipeline's node records to an Airflow DAG.

A model's `dag.py` calls `airflow_dags(__file__)`. Nothing here imports TFX or TensorFlow.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

from airflow.sdk import DAG, CronTriggerTimetable, Param, TriggerRule

from tfx_airflow.documentation import describe_dag
from tfx_airflow.operators import TfxNodeOperator
from tfx_airflow.options import option_params
from tfx_airflow.parameters import json_schema
from tfx_airflow.pins import Pin, pin_of_dag_file
from tfx_airflow.serving.dags import outlets, push_dag, rollback_dag
from tfx_airflow.snapshots import snapshot_note
from tfx_contract.compiled import (
    TRAIN,
    CompiledPipeline,
    NodeRecord,
    Package,
    Waits,
    dag_id,
    load_package,
    schedule_of,
)
from tfx_contract.home import Home
from tfx_contract.model_spec import ModelSpec

STALE_TAG = "stale"
_FIRST_RUN_MAY_BE_LATE_BY = timedelta(minutes=5)
_TRIGGER_RULES = {
    Waits.SUCCESS: TriggerRule.ALL_SUCCESS,
    Waits.NO_FAILURE: TriggerRule.NONE_FAILED,
    Waits.END: TriggerRule.ALL_DONE,
}


def airflow_dags(dag_file: str) -> None:
    """Makes the DAGs of the model in whose folder `dag_file` lies.

    Raises:
      PackageError: there is no usable compiled pipeline; the message names the command.
    """
    path = Path(dag_file).resolve()
    try:
        _render(path, Home.from_environment())
    except Exception as error:
        # Tells whoever waits for a new snapshot whether the error is of that one.
        error.add_note(snapshot_note(path.parent.parent.name))
        raise


def _render(path: Path, home: Home) -> None:
    pin = pin_of_dag_file(path, home)
    folder = home.compiled / path.parent.name / str(pin.digest)
    package = load_package(folder)
    for name in package.pipelines:
        build_dag(package, name, folder, pin)
    if package.spec.serving:
        push_dag(package, folder, pin, _tags(package, pin))
        rollback_dag(package, folder, pin, _tags(package, pin))


def build_dag(package: Package, name: str, folder: Path, pin: Pin) -> DAG:
    """Renders one compiled pipeline; Airflow registers a DAG that was used as a context."""
    pipeline = package.pipelines[name]
    with _empty_dag(package, name, pin) as dag:
        pass
    # Made inside of the context, each would be stored with a copy of all parameters of the DAG.
    operators = {node.id: _operator(node, package, name, folder) for node in pipeline.nodes}
    dag.add_tasks(operators.values())
    for node in pipeline.nodes:
        operators[node.id].set_upstream([operators[upstream] for upstream in node.upstream])
    return dag


def _operator(node: NodeRecord, package: Package, name: str, folder: Path) -> TfxNodeOperator:
    execution = package.spec.execution
    return TfxNodeOperator(
        task_id=node.id,
        owner=package.spec.owner,
        model=package.model,
        pipeline=name,
        package=str(folder),
        trigger_rule=_TRIGGER_RULES[node.waits_for],
        retries=execution.retries,
        retry_delay=timedelta(seconds=execution.retry_delay_seconds),
        execution_timeout=timedelta(minutes=execution.timeout_minutes),
        stall_seconds=execution.stall_minutes * 60,
        outlets=outlets(node.type, package) if name == TRAIN else [],
    )


def _empty_dag(package: Package, name: str, pin: Pin) -> DAG:
    spec = package.spec
    return DAG(
        dag_id(package.model, name),
        description=spec.description or None,
        schedule=_timetable(schedule_of(spec, name), spec),
        start_date=_start(spec),
        catchup=spec.catchup,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=_tags(package, pin),
        doc_md=describe_dag(package, name, pin),
        params=_params(package.pipelines[name]),
    )


def _tags(package: Package, pin: Pin) -> list[str]:
    return [*package.spec.tags, *([STALE_TAG] if pin.stale else [])]


def _start(spec: ModelSpec) -> datetime | None:
    if spec.start_date is None:
        return None
    start = datetime.combine(spec.start_date, time(), spec.zone)
    # Given a start in the past, a new DAG that is not to catch up would still make up for the last
    # tick, however long ago.
    return start if spec.catchup or start > datetime.now(spec.zone) else None


def _timetable(schedule: str | None, spec: ModelSpec) -> CronTriggerTimetable | None:
    if not schedule:
        return None
    # By default a new DAG makes up for the last tick when a tenth of the interval has not passed
    # since: a model added two hours after its nightly tick would train at once.
    return CronTriggerTimetable(
        schedule, timezone=spec.timezone, run_immediately=_FIRST_RUN_MAY_BE_LATE_BY
    )


def _params(pipeline: CompiledPipeline) -> dict[str, Param]:
    declared = {
        name: Param(spec.default, description=spec.description or None, **json_schema(spec))
        for name, spec in pipeline.parameters.items()
    }
    return {**declared, **option_params(pipeline)}
