"""Airflow's own database: one SQLite file, which six processes write to."""

from __future__ import annotations

import importlib.metadata
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from tfx_airflow.deployment.layout import Layout
from tfx_contract.errors import SetupError
from tfx_contract.home import PROJECT_ROOT

Say = Callable[[str], None]

_LOCK_SECONDS = 30
_SETTINGS_FILE = "config/airflow_local_settings.py"
_SETTINGS = "from tfx_airflow.deployment.local_settings import *  # noqa: F403\n"


def database_url(path: Path) -> str:
    """For SQLAlchemy. A writer waits for another one, longer than the driver's 5 s."""
    return f"sqlite:///{path}?timeout={_LOCK_SECONDS}"


def ensure_database(layout: Layout, environment: dict[str, str], say: Say) -> None:
    """Makes it, or brings it to the installed version of Airflow.

    Raises:
      SetupError: Airflow could not; the message names the log.
    """
    _write_local_settings(layout.folder)
    is_there = layout.database.exists()
    _let_readers_beside_a_writer(layout.database)
    version = importlib.metadata.version("apache-airflow-core")
    marker = layout.folder / "migrated"
    if is_there and marker.exists() and marker.read_text() == version:
        return
    say("making Airflow's database")
    log = layout.log_of("migrate")
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env=environment,
            cwd=PROJECT_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if done.returncode != 0:
        raise SetupError(f"Airflow's database could not be made; {log} says why.")
    marker.write_text(version)


def _write_local_settings(folder: Path) -> None:
    """Has every process of the Airflow in `folder` import `local_settings`."""
    path = folder / _SETTINGS_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_SETTINGS)


def _let_readers_beside_a_writer(path: Path) -> None:
    """Else a commit waits for every reader, and a reader that wants to write waits for it."""
    # While Airflow uses a database of an older start, the mode stays what it is.
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
