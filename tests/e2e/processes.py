"""Finds the processes behind a node: those of the node itself, and its Airflow task."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

import psutil

from tests.e2e.deployment import Deployment
from tfx_airflow.deployment.local import ENDPOINT, WORKER, LocalDeployment
from tfx_airflow.deployment.processes import Component
from tfx_contract.home import tfx_python

_GONE = (psutil.Error, ProcessLookupError)


def worker(deployment: Deployment) -> psutil.Process:
    """The warm worker."""
    process = _component(deployment, WORKER).process()
    assert process, "the warm worker is not running"
    return process


def node_processes(deployment: Deployment) -> set[psutil.Process]:
    """Every TFX process of this home but the idle worker and the endpoint, orphans included."""
    families = (_component(deployment, name).family() for name in (WORKER, ENDPOINT))
    at_rest = {process.pid for family in families for process in family}
    return {process for process in _tfx_processes(deployment) if process.pid not in at_rest}


def node_child(deployment: Deployment) -> psutil.Process:
    """The process of the one node that runs."""
    heads = [process for process in node_processes(deployment) if _leads_session(process)]
    assert len(heads) == 1, f"expected the process of one node, found {heads}"
    return heads[0]


def task_process(deployment: Deployment) -> psutil.Process:
    """The Airflow process of the one task that runs."""
    scheduler = _component(deployment, "scheduler").process()
    assert scheduler, "the scheduler is not running"
    # The scheduler forks supervisors, and a supervisor each of its tasks.
    tasks = [
        task
        for supervisor in scheduler.children()
        for task in supervisor.children()
        if task.status() != psutil.STATUS_ZOMBIE
    ]
    assert len(tasks) == 1, f"expected the process of one task, found {tasks}"
    return tasks[0]


def task_supervisor(deployment: Deployment) -> psutil.Process:
    """The process that sends the heartbeats of the one task that runs."""
    supervisor = task_process(deployment).parent()
    assert supervisor, "the task has lost its supervisor"
    return supervisor


def _component(deployment: Deployment, name: str) -> Component:
    components = LocalDeployment(deployment.home).components()
    return next(component for component in components if component.name == name)


def _tfx_processes(deployment: Deployment) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(*_GONE):
            if (
                process.cmdline()[:1] == [str(tfx_python())]
                and process.environ().get("TFX_AIRFLOW_HOME") == str(deployment.home.root)
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                yield process


def _leads_session(process: psutil.Process) -> bool:
    with suppress(*_GONE):
        return os.getsid(process.pid) == process.pid
    return False
