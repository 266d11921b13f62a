"""The files and addresses of the local deployment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfx_airflow.deployment.ports import AIRFLOW, ENDPOINT, HOST
from tfx_contract.home import Home
from tfx_contract.record import Record

USER = "admin"
BUNDLE = "models"


class StartRecord(Record):
    """What the running deployment was started with."""

    port: int
    endpoint_port: int = ENDPOINT.default
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

    def record(self) -> StartRecord | None:
        """What the deployment was last started with, if it ever was."""
        try:
            return StartRecord.read(self.record_file)
        except (OSError, ValueError):
            return None

    def address(self) -> str:
        """Where the UI and the API are, or will be after `up`."""
        record = self.record()
        return f"http://{HOST}:{record.port if record else AIRFLOW.wanted()}"

    def endpoint_address(self) -> str:
        """Where the embedded endpoint is, or will be after `up`."""
        record = self.record()
        return f"http://{HOST}:{record.endpoint_port if record else ENDPOINT.wanted()}"
