"""Whole runs of the DAGs: Airflow's own task runner, deferrals included, and a real endpoint."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

from tests.airflow.hand_made import write_model, write_package
from tests.airflow.serving import Model

# The one that an Airflow without settings has.
BUNDLE = "dags-folder"
CANARY = {"steps": [50], "window_minutes": 0.02, "longest_minutes": 5, "min_requests": 20}
QUIET = CANARY | {"longest_minutes": 0.05, "min_requests": 1_000}
RULES = {"max_prediction_distance": None, "max_latency_ratio": 1000}


@pytest.fixture(scope="module", autouse=True)
def airflows_database() -> Iterator[None]:
    """Airflow's own, in the folder that conftest names."""
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(command, check=True, capture_output=True)
    return


def run(served: Model, dag: str, serving: dict[str, Any], **conf: Any) -> dict[str, str]:
    """Runs a DAG to its end; the state of each task, and of the run under an empty name."""
    write_model(served.home, served.name, serving=serving)
    write_package(served.home, served.name)
    place = served.home.dags
    bag = DagBag(dag_folder=str(place), bundle_path=place, bundle_name=BUNDLE)
    assert bag.import_errors == {}
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(bag, BUNDLE, None)
    ended = bag.dags[f"{served.name}__{dag}"].test(run_conf=conf)
    states = {task.task_id: str(task.state) for task in ended.get_task_instances()}
    return {"": str(ended.state), **states}


def test_a_version_goes_all_the_way_and_back(served: Model) -> None:
    served.add(1)
    states = run(served, "push", {"canary": CANARY | RULES})
    assert states.pop("share_50") == states.pop("watch_50") == "skipped"
    assert set(states.values()) == {"success"}
    assert served.answer() == 1.0

    served.add(2)
    with served.traffic_of() as codes:
        states = run(served, "push", {"canary": CANARY | RULES})
    assert set(states.values()) == {"success"}
    assert set(codes) == {200}
    assert (served.traffic(), served.answer()) == ({2: 100}, 2.0)
    happened = ["uploaded", "smoke_tested", "canary", "judged", "promoted"]
    assert served.events(2) == happened

    assert run(served, "rollback", {})[""] == "success"
    assert served.answer() == 1.0
    assert served.events(2) == [*happened, "rolled_back"]


def test_a_run_that_pushes_nothing_is_no_failure(served: Model) -> None:
    served.add(1)
    run(served, "push", {})
    states = run(served, "push", {}, version=1)
    assert states.pop("") == "success"
    assert set(states.values()) == {"skipped"}


def test_a_refused_version_fails_its_run_and_the_endpoint_is_settled(served: Model) -> None:
    served.add(1)
    run(served, "push", {})
    served.add(2, golden_factor=9.0)
    states = run(served, "push", {})
    assert states[""] == "failed"
    assert (states["smoke_test"], states["promote"]) == ("failed", "upstream_failed")
    assert states["settle"] == "success"
    assert (served.loaded(), served.answer()) == ([1], 1.0)
    assert served.events(2)[-1] == "refused"


def test_a_canary_without_traffic_is_rolled_back_and_its_run_fails(served: Model) -> None:
    served.add(1)
    run(served, "push", {})
    served.add(2)
    states = run(served, "push", {"canary": QUIET})
    assert (states[""], states["watch_50"]) == ("failed", "failed")
    assert states["settle"] == "success"
    assert (served.loaded(), served.answer()) == ([1], 1.0)
    assert served.events(2)[-2:] == ["judged", "rolled_back"]
