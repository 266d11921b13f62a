"""The DAG factory: from a compiled pipeline's node records to an Airflow DAG.

A model's `dag.py` calls `airflow_dags(__file__)`. Nothing here imports TFX or TensorFlow.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

from airflow.sdk import DAG, CronTriggerTimetable, Param

from tfx_airflow.documentation import describe_dag
from tfx_airflow.drift.dags import drift_dag
from tfx_airflow.nodes import add_nodes
from tfx_airflow.options import option_params
from tfx_airflow.parameters import json_schema
from tfx_airflow.pins import Pin, pin_of_dag_file
from tfx_airflow.serving.dags import push_dag, rollback_dag
from tfx_airflow.snapshots import snapshot_note
from tfx_contract.compiled import (
    DRIFT,
    CompiledPipeline,
    Package,
    dag_id,
    load_package,
    schedule_of,
)
from tfx_contract.home import Home
from tfx_contract.model_spec import ModelSpec

STALE_TAG = "stale"
_FIRST_RUN_MAY_BE_LATE_BY = timedelta(minutes=5)


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
        if name == DRIFT:
            drift_dag(package, folder, pin, _tags(package, pin))
        else:
            build_dag(package, name, folder, pin)
    if package.spec.serving:
        push_dag(package, folder, pin, _tags(package, pin))
        rollback_dag(package, folder, pin, _tags(package, pin))


def build_dag(package: Package, name: str, folder: Path, pin: Pin) -> DAG:
    """Renders one compiled pipeline; Airflow registers a DAG that was used as a context."""
    with _empty_dag(package, name, pin) as dag:
        pass
    add_nodes(dag, package, name, folder)
    return dag


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
