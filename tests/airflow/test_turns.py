"""One run of a DAG at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRescheduleException

from tfx_airflow.turns import wait_for_turn

FIRST = ["Gen", "Schema"]


@dataclass
class Instance:
    """A task of the run `mine`, with what Airflow would answer it."""

    states: dict[str, dict[str, str]]
    ended: set[str] = field(default_factory=set)
    dag_id: str = "taxi"
    run_id: str = "mine"

    def get_dr_count(
        self, dag_id: str, *, run_ids: list[str] | None = None, states: list[str] | None = None
    ) -> int:
        assert (dag_id, states) == ("taxi", ["running"])
        return len(set(self.states if run_ids is None else run_ids) - self.ended)

    def get_task_states(self, dag_id: str, *, task_ids: list[str] | None = None) -> dict[str, Any]:
        assert task_ids == FIRST
        return self.states


def test_a_run_that_is_alone_begins() -> None:
    wait_for_turn(Instance({"mine": {"Gen": "running"}}), FIRST)


@pytest.mark.parametrize("state", ["running", "success", "failed", "up_for_retry"])
def test_a_run_waits_for_another_that_has_begun(state: str) -> None:
    with pytest.raises(AirflowRescheduleException):
        wait_for_turn(Instance({"mine": {"Gen": "running"}, "other": {"Gen": state}}), FIRST)


@pytest.mark.parametrize("left_out", [{}, {"Schema": "skipped"}])
def test_a_run_does_not_wait_for_one_that_waits_itself(left_out: dict[str, str]) -> None:
    other = {"Gen": "up_for_reschedule", **left_out}
    wait_for_turn(Instance({"mine": {}, "other": other}), FIRST)


def test_a_run_does_not_wait_for_one_that_has_ended() -> None:
    states = {"mine": {}, "other": {"Gen": "success"}, "third": {}}
    wait_for_turn(Instance(states, ended={"other"}), FIRST)


def test_a_run_that_has_begun_goes_on() -> None:
    states = {"mine": {"Gen": "success", "Schema": "running"}, "other": {"Gen": "running"}}
    wait_for_turn(Instance(states), FIRST)
