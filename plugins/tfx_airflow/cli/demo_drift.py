"""`demo-drift`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import yaml

from tfx_airflow.cli.console import say, show
from tfx_airflow.cli.demo_parts import DEMO_MODEL, airflow_api, last_push, push_with_traffic
from tfx_contract.compiled import DRIFT, TRAIN, dag_id
from tfx_contract.deployments import live_version
from tfx_contract.drift_history import DriftCheck, Followed, read_checks
from tfx_contract.errors import SetupError
from tfx_contract.home import PROJECT_ROOT, Home
from tfx_contract.parameters import RunOption

_DATA = "data/chicago_taxi"
_NOT_ENDED = ("queued", "running")
_REQUESTS = 6_000
# Fares rise and tips do not: what a good tip is, as a share of the fare, is not what it was.
_DRIFT = ["fare*1.5"]
# The trips lie in spans, a check begins soon, and accuracy is what has to be gained.
_CHANGES: dict[str, Any] = {
    "data": {"uri": f"home://{_DATA}", "pattern": "span-{SPAN}/*.csv", "label": "tips"},
    "drift": {"check_requests": 5_000, "cool_down_hours": 0},
    "parameters": {},
}
_METRICS = {
    "BinaryAccuracy": {"minimum": 0.75, "may_worsen_by": 0.01},
    "AUC": {"minimum": 0.75, "may_worsen_by": 0.05},
    "ExampleCount": {},
}


def demo_drift() -> None:
    """Watch a served model, requests that drift, an alert, a retraining, and its promotion.

    All of it lies in demo-drift in the home, with an Airflow of its own; delete it to begin anew.
    """
    from tfx_airflow.cli.deployment import up
    from tfx_airflow.cli.simulate import simulate

    home = _home()
    up()
    if live_version(home.versions(DEMO_MODEL)) is None:
        show("\n1  A model learns from the trips of span 0, and goes live", "bold")
        _go_live(home)
    show("\n2  Fares rise, and nobody has labelled a trip yet: an alert", "bold")
    simulate(DEMO_MODEL, requests=_REQUESTS, drift=_DRIFT)
    _expect(home, _check(home), Followed.ALERT)
    show("\n3  The labels of such trips come as the next span: a retraining", "bold")
    simulate(DEMO_MODEL, requests=_REQUESTS, drift=_DRIFT, span=True)
    before = last_push(home)
    check = _expect(home, _check(home), Followed.RETRAINING)
    _follow_training(home, str(check.retraining))
    show("\n4  The new version proves itself, and goes live", "bold")
    push_with_traffic(home, before)
    show(f"\nLook around in Airflow's UI; stop it: TFX_AIRFLOW_HOME={home.root} make down", "bold")


def _home() -> Home:
    """A home whose taxi model has its data in spans."""
    folder = Home.from_environment().root / "demo-drift"
    os.environ["TFX_AIRFLOW_HOME"] = str(folder)
    os.environ["TFX_AIRFLOW_DAGS"] = str(folder / "dags")
    home = Home.from_environment()
    _write_model(home.dags)
    return home


def _write_model(dags: Path) -> None:
    for name in ("_shared", DEMO_MODEL):
        shutil.copytree(PROJECT_ROOT / "dags" / name, dags / name, dirs_exist_ok=True)
    path = dags / DEMO_MODEL / "model.yaml"
    content = yaml.safe_load(path.read_text("utf-8")) | _CHANGES
    content["evaluation"]["metrics"] = _METRICS
    # What learned from another world answers otherwise; that it is better, GainCheck has shown.
    content["serving"]["canary"]["max_prediction_distance"] = None
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")


def _go_live(home: Home) -> None:
    from tfx_airflow.cli.run import follow_run

    _copy_trips(home.root / _DATA / "span-0")
    before = last_push(home)
    follow_run(DEMO_MODEL, [], {RunOption.SPAN: "0"})
    push_with_traffic(home, before)


def _copy_trips(folder: Path) -> None:
    """The trips that come with TFX, in the other environment."""
    from tfx_contract.home import tfx_python

    installed = tfx_python().parent.parent / "lib"
    (found,) = installed.glob(
        "python*/site-packages/tfx/examples/chicago_taxi_pipeline/data/simple/data.csv"
    )
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(found, folder / "trips.csv")


def _check(home: Home) -> DriftCheck:
    """Follows the check that waits for these requests, or has one wait."""
    from tfx_airflow.cli.run import follow_tasks
    from tfx_airflow.drift.tasks import CONCLUDE, RECORD, RETRAIN, WAIT
    from tfx_airflow.models import find_model

    model, dag = find_model(home, DEMO_MODEL), dag_id(DEMO_MODEL, DRIFT)
    with airflow_api(home) as api:
        run = api.last_run(dag)
        waits = run and run["state"] in _NOT_ENDED
        run_id = run["dag_run_id"] if run and waits else api.trigger(dag, {})
    say("requests are checked when they are a minute old")
    nodes = [node.id for node in model.pipeline(DRIFT).nodes]
    follow_tasks(home, dag, run_id, [WAIT, *nodes, CONCLUDE, RETRAIN, RECORD])
    check = read_checks(home.checks(DEMO_MODEL))[-1]
    show(f"{check.followed}: {check.reason}")
    show(f"report: {check.report}/report.html")
    return check


def _expect(home: Home, check: DriftCheck, followed: Followed) -> DriftCheck:
    if check.followed is not followed:
        raise SetupError(
            f"Expected '{followed}' to follow, found '{check.followed}': an earlier demo may have "
            f"ended in the middle. Stop it (TFX_AIRFLOW_HOME={home.root} make down), delete "
            f"{home.root}, and begin anew."
        )
    return check


def _follow_training(home: Home, run_id: str) -> None:
    from tfx_airflow.cli.run import follow_started
    from tfx_airflow.models import find_model

    follow_started(find_model(home, DEMO_MODEL), TRAIN, run_id)
