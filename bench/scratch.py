"""A deployment of its own for the measurements: its own home, its own port, gone afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfx_airflow.cli.deployment import down, up
from tfx_airflow.deployment import ports
from tfx_contract.home import Home


@contextmanager
def deployment() -> Iterator[Home]:
    """A running Airflow with a warm worker in an empty home, the DAGs parsed."""
    with _home() as home:
        try:
            up()
            yield home
        finally:
            down()


@contextmanager
def _home() -> Iterator[Home]:
    before = dict(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="tfx-airflow-bench-"))
    os.environ["TFX_AIRFLOW_HOME"] = str(folder)
    for port in (ports.AIRFLOW, ports.ENDPOINT):
        os.environ[port.variable] = str(ports.free_port())
    try:
        yield Home.from_environment()
    finally:
        os.environ.clear()
        os.environ |= before
        shutil.rmtree(folder, ignore_errors=True)
