"""The DAG factory: from a compiled pipeline's node records to an Airflow DAG.

A model's `dag.py` calls `airflow_dags(__file__)`. Nothing here imports TFX or TensorFlow.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable, Param

from tfx_airflow.documentation import describe_dag
from tfx_airflow.operators import TfxNodeOperator
from tfx_airflow.parameters import json_schema
from tfx_airflow.pins import Pin, pin_of_dag_file
from tfx_airflow.snapshots import snapshot_note
from tfx_contract.compiled import CompiledPipeline, load_package
from tfx_contract.home import Home
from tfx_contract.model_spec import ModelSpec
from tfx_contract.parameters import FORCE_FULL_RUN

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
    build_dag(load_package(folder), folder, pin)


def build_dag(package: CompiledPipeline, folder: Path, pin: Pin) -> DAG:
    """Renders one compiled pipeline; Airflow registers a DAG that was used as a context."""
    with _empty_dag(package, pin) as dag:
        operators = {
            node.id: TfxNodeOperator(
                task_id=node.id, model=package.model, package=str(folder), **_retries(package.spec)
            )
            for node in package.nodes
        }
        for node in package.nodes:
            operators[node.id].set_upstream([operators[upstream] for upstream in node.upstream])
    return dag


def _empty_dag(package: CompiledPipeline, pin: Pin) -> DAG:
    spec = package.spec
    return DAG(
        package.model,
        description=spec.description or None,
        schedule=_timetable(spec),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        default_args={"owner": spec.owner},
        tags=[*spec.tags, *([STALE_TAG] if pin.stale else [])],
        doc_md=describe_dag(package, pin),
        params=_params(package),
    )


def _timetable(spec: ModelSpec) -> CronTriggerTimetable | None:
    if not spec.schedule:
        return None
    # By default a new DAG makes up for the last tick when a tenth of the interval has not passed
    # since: a model added two hours after its nightly tick would train at once.
    return CronTriggerTimetable(
        spec.schedule, timezone=spec.timezone, run_immediately=_FIRST_RUN_MAY_BE_LATE_BY
    )


def _params(package: CompiledPipeline) -> dict[str, Param]:
    declared = {
        name: Param(spec.default, description=spec.description or None, **json_schema(spec))
        for name, spec in package.parameters.items()
    }
    force = Param(False, description="Run every node anew, without cached results.", type="boolean")
    return {**declared, FORCE_FULL_RUN: force}


def _retries(spec: ModelSpec) -> dict[str, Any]:
    return {
        "retries": spec.execution.retries,
        "retry_delay": timedelta(seconds=spec.execution.retry_delay_seconds),
        "execution_timeout": timedelta(minutes=spec.execution.timeout_minutes),
        "stall_seconds": spec.execution.stall_minutes * 60,
    }
