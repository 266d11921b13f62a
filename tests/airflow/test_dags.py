"""From a compiled pipeline to an Airflow DAG, through Airflow's own parser."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction

from tests.airflow.hand_made import NODE_IDS, write_model, write_package
from tfx_airflow.operators import TfxNodeOperator
from tfx_airflow.pins import current_pin
from tfx_airflow.snapshots import snapshot_note
from tfx_contract.home import Home


def parse(home: Home, folder: Path | None = None) -> DagBag:
    """What Airflow makes of a folder of DAG files."""
    place = folder or home.dags
    return DagBag(dag_folder=str(place), bundle_path=place, bundle_name="models")


@pytest.fixture
def dag(home: Home, model: Path) -> DAG:
    bag = parse(home)
    assert bag.import_errors == {}
    return bag.dags["taxi"]


def test_every_node_becomes_a_task_with_the_pipelines_edges(dag: DAG, model: Path) -> None:
    assert {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks} == {
        "ExampleGen": [],
        "StatisticsGen": ["ExampleGen"],
        "Trainer": ["ExampleGen", "StatisticsGen"],
    }
    trainer = dag.get_task("Trainer")
    assert isinstance(trainer, TfxNodeOperator)
    assert trainer.package == str(model)


def test_retries_and_time_limits_come_from_the_model(home: Home) -> None:
    execution = {"retries": 4, "retry_delay_seconds": 7, "timeout_minutes": 9, "stall_minutes": 3}
    write_model(home, execution=execution)
    write_package(home)
    trainer = parse(home).dags["taxi"].get_task("Trainer")
    assert (trainer.retries, trainer.retry_delay) == (4, timedelta(seconds=7))
    assert trainer.execution_timeout == timedelta(minutes=9)
    assert trainer.stall_seconds == 180


def test_the_form_is_typed_and_has_bounds_choices_and_defaults(dag: DAG) -> None:
    params = [dag.params.get_param(name) for name in dag.params]
    form = {
        name: (param.value, param.schema) for name, param in zip(dag.params, params, strict=True)
    }
    assert form == {
        "train_steps": (200, {"type": "integer", "minimum": 1, "maximum": 100_000}),
        "learning_rate": (0.001, {"type": "number", "minimum": 0}),
        "optimizer": ("adam", {"enum": ["adam", "sgd"]}),
        "from_node": (None, {"type": ["null", "string"], "enum": [None, *NODE_IDS]}),
        "to_node": (None, {"type": ["null", "string"], "enum": [None, *NODE_IDS]}),
        "force_full_run": (False, {"type": "boolean"}),
    }


def test_a_schedule_runs_in_the_models_time_zone_without_any_click(home: Home) -> None:
    write_model(
        home, schedule="0 3 * * *", timezone="America/Chicago", owner="team", tags=["nightly"]
    )
    write_package(home)
    dag = parse(home).dags["taxi"]
    assert (dag.timetable.expression, str(dag.timetable.timezone)) == (
        "0 3 * * *",
        "America/Chicago",
    )
    assert dag.is_paused_upon_creation is False
    assert (dag.catchup, dag.max_active_runs) == (False, 1)
    assert (dag.owner, dag.tags) == ("team", {"nightly"})


def test_a_new_model_does_not_make_up_for_a_tick_of_hours_ago(home: Home) -> None:
    now = datetime.now(UTC)
    assert _first_run(home, now - timedelta(hours=2)) > now
    assert _first_run(home, now) <= now


def test_nor_does_one_that_has_a_start_in_the_past(home: Home) -> None:
    now = datetime.now(UTC)
    assert _first_run(home, now - timedelta(hours=2), start_date=date(2020, 1, 1)) > now


def test_a_start_in_the_future_is_waited_for(home: Home) -> None:
    start = datetime.now(UTC).date() + timedelta(days=400)
    assert _first_run(home, datetime.now(UTC), start_date=start).date() >= start


def _first_run(home: Home, tick: datetime, **changes: object) -> datetime:
    """When a DAG first runs that is due once a year."""
    schedule = f"{tick.minute} {tick.hour} {tick.day} {tick.month} *"
    write_model(home, schedule=schedule, **changes)
    write_package(home)
    dag = DagSerialization.from_dict(DagSerialization.to_dict(parse(home).dags["taxi"]))
    never_ran = TimeRestriction(earliest=dag.start_date, latest=None, catchup=False)
    info = dag.timetable.next_dagrun_info(last_automated_data_interval=None, restriction=never_ran)
    assert info is not None
    return info.run_after


def test_a_model_that_was_never_compiled_is_an_import_error_naming_the_command(home: Home) -> None:
    write_model(home)
    (error,) = parse(home).import_errors.values()
    assert "Compile it: tfx-airflow compile taxi" in error


def test_a_damaged_package_is_an_import_error_naming_the_command(home: Home, model: Path) -> None:
    (model / "package.json").write_text("{")
    (error,) = parse(home).import_errors.values()
    assert "Compile it: tfx-airflow compile taxi" in error


def test_a_stale_pipeline_still_runs_and_says_so_first(home: Home, model: Path) -> None:
    write_model(home, description="edited")
    dag = parse(home).dags["taxi"]
    assert "stale" in dag.tags
    assert dag.doc_md.startswith("## ⚠ This DAG runs an older state of its sources")
    assert "changed since the compilation: model.yaml" in dag.doc_md


def test_the_same_graph_under_another_digest_is_another_dag_to_airflow(home: Home) -> None:
    write_model(home)
    serialized = []
    for digest in ("aaaa1111", "bbbb2222"):
        write_package(home, digest=digest)
        document = DagSerialization.to_dict(parse(home).dags["taxi"])
        serialized.append(document["dag"]["doc_md"])
    assert serialized[0] != serialized[1]


def test_parsing_imports_neither_tfx_nor_tensorflow(home: Home, model: Path) -> None:
    code = (
        "import sys; from tfx_airflow.dags import airflow_dags;"
        f"airflow_dags({str(home.dags / 'taxi' / 'dag.py')!r});"
        "print([m for m in sys.modules if m.split('.')[0] in ('tfx', 'tensorflow')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_airflows_plugin_loader_executes_one_file_alone() -> None:
    from airflow._shared.module_loading import find_path_from_directory

    plugins = Path(__file__).parents[2] / "plugins"
    found = list(find_path_from_directory(plugins, ".airflowignore", "glob"))
    assert [Path(path).name for path in found] == ["tfx_airflow_plugin.py"]


def test_an_import_error_names_the_snapshot_that_it_comes_from(home: Home) -> None:
    write_model(home)
    (error,) = parse(home).import_errors.values()
    assert snapshot_note(home.dags.name) in error


def test_a_new_file_makes_a_model_stale(home: Home) -> None:
    write_model(home)
    write_package(home)
    assert not current_pin(home, "taxi").stale
    (home.dags / "taxi" / "pipeline.py").write_text("")
    assert current_pin(home, "taxi").why == "changed since the compilation: pipeline.py"
