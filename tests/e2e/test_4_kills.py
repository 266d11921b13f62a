"""`kill -9` of everything that a node depends on, while it is half way through its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import psutil
import pytest

from tests.e2e.deployment import MODEL, Deployment, eventually
from tests.e2e.mlmd import COMPLETE, RUNNING, Execution, Mlmd
from tests.e2e.processes import node_child, node_processes, task_process, task_supervisor, worker
from tfx_airflow.api import Task

# Each runs after Transform, so that one node alone is at work when they are all that is left.
LAST_NODES = ("Transform", "Trainer", "Evaluator", "ModelCheck", "Pusher")
RECOVERY_SECONDS = 60
REACH_SECONDS = 240

Victim = Callable[[Deployment], psutil.Process]


@pytest.mark.parametrize(
    ("in_transform", "in_trainer"),
    [
        pytest.param(node_child, worker, id="child, then worker"),
        pytest.param(worker, task_supervisor, id="worker, then Airflow task with its supervisor"),
        pytest.param(task_process, node_child, id="Airflow task, then child"),
    ],
)
def test_a_run_survives_a_kill_in_transform_and_another_in_trainer(
    deployment: Deployment, in_transform: Victim, in_trainer: Victim
) -> None:
    mlmd = Mlmd(deployment.home, MODEL)
    deployment.finish_up()
    run_id = deployment.trigger(train_steps=1000, force_full_run=True)
    for node, victim in (("Transform", in_transform), ("Trainer", in_trainer)):
        attack = Attack(deployment, mlmd, run_id, node)
        attack.strike(victim)
        attack.assert_recovers()
    deployment.assert_succeeds(run_id)
    deployment.finish_up()

    for node in ("Transform", "Trainer"):
        _assert_published_once(mlmd, run_id, node)
    eventually(lambda: not node_processes(deployment), "no child of a node is left", 10)
    _assert_every_visible_version_is_whole(deployment)


@dataclass
class Attack:
    """One kill in one node of one run."""

    deployment: Deployment
    mlmd: Mlmd
    run_id: str
    node: str
    same_try_goes_on: bool = False
    struck_try: int = 0
    before: frozenset[psutil.Process] = frozenset()

    def strike(self, victim: Victim) -> None:
        """Waits until the node alone runs and has begun to write, then kills."""
        eventually(self._is_half_way, f"{self.node} alone is half way", REACH_SECONDS)
        self.struck_try = self._task().try_number
        self.before = frozenset(node_processes(self.deployment))
        victim(self.deployment).kill()
        # Without its worker the task itself runs the node's command, in the same try.
        self.same_try_goes_on = victim is worker
        if self.same_try_goes_on:
            self.deployment.begin_up()

    def assert_recovers(self) -> None:
        """The node is at work again, and nothing of the killed try is."""
        eventually(self._runs_again, f"{self.node} runs again", RECOVERY_SECONDS)
        assert not self.before & node_processes(self.deployment)
        expected = self.struck_try + (0 if self.same_try_goes_on else 1)
        assert self._task().try_number == expected

    def _is_half_way(self) -> bool:
        tasks = self.deployment.tasks(self.run_id)
        unfinished = {name for name, task in tasks.items() if task.state != "success"}
        alone = unfinished == set(LAST_NODES[LAST_NODES.index(self.node) :])
        if not alone or tasks[self.node].state != "running":
            return False
        match self.mlmd.executions(self.run_id, self.node):
            case [Execution(state=state) as execution] if state == RUNNING:
                return self.mlmd.has_begun_to_write(self.node, execution)
        return False

    def _runs_again(self) -> bool:
        afresh = node_processes(self.deployment) - self.before
        return bool(afresh) and self._task().state == "running"

    def _task(self) -> Task:
        return self.deployment.tasks(self.run_id)[self.node]


def _assert_published_once(mlmd: Mlmd, run_id: str, node: str) -> None:
    (execution,) = mlmd.executions(run_id, node)
    assert execution.state == COMPLETE
    outputs = mlmd.outputs(execution)
    assert outputs
    assert all(output.exists() for output in outputs)
    tries = mlmd.tries(node, execution)
    assert {len(names) for names in tries.values()} == {1}, tries


def _assert_every_visible_version_is_whole(deployment: Deployment) -> None:
    for name in deployment.versions():
        version = deployment.home.versions(MODEL) / name
        assert (version / "manifest.json").is_file()
        assert (version / "model" / "saved_model.pb").is_file()
