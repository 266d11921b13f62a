"""A person's answer to whether a version may have all traffic."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tests.airflow.hand_made import write_model, write_package
from tests.airflow.serving import Model
from tests.airflow.test_push_steps import CANARY, on_trial
from tfx_airflow.serving.approval import ApprovePromotion
from tfx_contract.deployments import read_events


def answer(served: Model, option: str, version: int | None = 2) -> Any:
    """What becomes of an answer, in the run that has version 2 on trial."""
    write_model(served.home, served.name, serving={"approval": True, "canary": CANARY})
    package = str(write_package(served.home, served.name))
    task = ApprovePromotion(
        task_id="approve", model=served.name, package=package, judged="watch_50"
    )
    context: Any = {
        "ti": SimpleNamespace(xcom_pull=lambda task_ids: version),
        "dag_run": SimpleNamespace(dag_id=f"{served.name}__push", run_id="second"),
    }
    event = {
        "chosen_options": [option],
        "params_input": {},
        "responded_at": datetime.now(UTC),
        "responded_by_user": {"id": "1", "name": "ada"},
    }
    return task.execute_complete(context, event)


def test_a_yes_is_recorded_with_who_said_it(served: Model) -> None:
    on_trial(served)
    answer(served, "Approve")
    last = read_events(served.versions, 2)[-1]
    assert (last.happened, last.reason) == ("approved", "by ada")
    assert served.traffic() == {1: 50, 2: 50}


def test_a_no_gives_the_live_version_all_traffic_back(served: Model) -> None:
    on_trial(served)
    with pytest.raises(AirflowFailException, match="was rejected by ada"):
        answer(served, "Reject")
    last = read_events(served.versions, 2)[-1]
    assert (last.happened, last.reason) == ("rolled_back", "rejected by ada")
    assert served.traffic() == {1: 100}


def test_nobody_is_asked_about_no_version(served: Model) -> None:
    with pytest.raises(AirflowSkipException):
        answer(served, "Approve", version=None)
