"""The files and addresses of the local deployment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tfx_contract.errors import SetupError
from tfx_contract.home import Home
from tfx_contract.record import Record

HOST = "127.0.0.1"
DEFAULT_PORT = 8080
PORT_VARIABLE = "TFX_AIRFLOW_PORT"
USER = "admin"
BUNDLE = "models"


class DeploymentRecord(Record):
    """What the running deployment was started with."""

    port: int
    airflow_version: str


@dataclass(frozen=True)
class Layout:
    """Where the deployment of one home keeps its things."""

    home: Home

    @property
    def folder(self) -> Path:
        return self.home.airflow

    @property
    def config(self) -> Path:
        return self.folder / "airflow.cfg"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def passwords(self) -> Path:
        return self.folder / "passwords.json"

    @property
    def database(self) -> Path:
        return self.folder / "airflow.db"

    @property
    def record_file(self) -> Path:
        return self.folder / "deployment.json"

    @property
    def processes(self) -> Path:
        return self.folder / "processes"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def log_of(self, component: str) -> Path:
        """The log of one component."""
        return self.logs / f"{component}.log"

    def record(self) -> DeploymentRecord | None:
        """What the deployment was last started with, if it ever was."""
        try:
            return DeploymentRecord.read(self.record_file)
        except (OSError, ValueError):
            return None

    def address(self) -> str:
        """Where the UI and the API are, or will be after `up`."""
        record = self.record()
        return f"http://{HOST}:{record.port if record else wanted_port()}"


def wanted_port() -> int:
    """The port that the user chose, or the default.

    Raises:
      SetupError: the setting is not a port number.
    """
    found = os.environ.get(PORT_VARIABLE) or str(DEFAULT_PORT)
    if not found.isdecimal() or not 1 <= int(found) <= 65535:
        raise SetupError(
            f"{PORT_VARIABLE}: found '{found}'; allowed: a port number from 1 to 65535."
        )
    return int(found)
