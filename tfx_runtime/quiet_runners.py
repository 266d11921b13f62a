"""Lets a module be imported that runs its pipeline as it is imported.

TFX's AirflowDagRunner had to be called at the top level of a DAG file, and many a `pipeline.py`
calls another runner there. Here the pipeline is compiled, so every runner returns at once.
AirflowDagRunner itself gets a stand-in, because the environment of TFX has no Airflow.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from tfx.orchestration.portable.tfx_runner import IrBasedRunner

_AIRFLOW = "tfx.orchestration.airflow.airflow_dag_runner"


class _Nothing:
    """Takes whatever TFX's class of that name takes, and does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def run(self, *args: Any, **kwargs: Any) -> None:
        pass


def keep_quiet() -> None:
    """From here on no runner of TFX runs anything: for a process that runs one node."""
    IrBasedRunner.run = _Nothing.run
    _stand_in()


@contextmanager
def quiet_runners() -> Iterator[None]:
    """Within it no runner of TFX runs anything, and a script sees none of our arguments."""
    run, arguments = IrBasedRunner.run, sys.argv
    sys.argv = arguments[:1]
    keep_quiet()
    try:
        yield
    finally:
        IrBasedRunner.run, sys.argv = run, arguments
        if isinstance(sys.modules.get(_AIRFLOW), _StandIn):
            del sys.modules[_AIRFLOW]


class _StandIn(ModuleType):
    """TFX's module for Airflow, as far as a pipeline needs it."""

    AirflowDagRunner = AirflowPipelineConfig = _Nothing


def _stand_in() -> None:
    try:
        importlib.import_module(_AIRFLOW)
    except ImportError:
        sys.modules[_AIRFLOW] = _StandIn(_AIRFLOW)
