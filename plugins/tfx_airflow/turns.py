"""One run of a DAG at a time, backfills included.

Airflow's `max_active_runs` counts the runs of a backfill apart from all others, so a backfill could
train beside the nightly run. The first nodes of a run therefore look for a run that is under way,
and come back later when there is one.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from airflow.sdk.exceptions import AirflowRescheduleException

_AGAIN_SECONDS = (5.0, 15.0)
# Not "skipped": a node that has no part in its run says so before it asks for its turn.
_STARTED = {"running", "success", "failed", "up_for_retry", "restarting"}


class RunsOfDag(Protocol):
    """What a task instance can ask Airflow."""

    dag_id: str
    run_id: str

    def get_dr_count(
        self, dag_id: str, *, run_ids: list[str] | None = None, states: list[str] | None = None
    ) -> int:
        """How many runs are in one of these states."""

    def get_task_states(self, dag_id: str, *, task_ids: list[str] | None = None) -> dict[str, Any]:
        """The states of tasks by run."""


def wait_for_turn(instance: RunsOfDag, first_nodes: Sequence[str]) -> None:
    """Returns when no other run of the DAG is under way.

    Two runs that begin at the same moment see each other, and both come back at random times: a
    task is marked as running before it looks.

    Raises:
      AirflowRescheduleException: another run is; Airflow calls again without holding a slot.
    """
    if instance.get_dr_count(instance.dag_id, states=["running"]) <= 1:
        return
    states = instance.get_task_states(instance.dag_id, task_ids=list(first_nodes))
    if "success" in states.get(instance.run_id, {}).values():
        return
    if _under_way(instance, states):
        seconds = random.uniform(*_AGAIN_SECONDS)
        again = datetime.now(UTC) + timedelta(seconds=seconds)
        raise AirflowRescheduleException(again)  # type: ignore[no-untyped-call]


def _under_way(instance: RunsOfDag, states: Mapping[str, Mapping[str, str]]) -> bool:
    started = [
        run_id
        for run_id, tasks in states.items()
        if run_id != instance.run_id and _STARTED.intersection(tasks.values())
    ]
    if not started:
        return False
    return instance.get_dr_count(instance.dag_id, run_ids=started, states=["running"]) > 0
