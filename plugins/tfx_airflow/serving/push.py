"""One version on its way to the endpoint of its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tfx_airflow.serving.clients import Clients, connect
from tfx_airflow.serving.endpoint import ModelEndpoint
from tfx_airflow.serving.lease import Lease
from tfx_airflow.serving.operations import Wait, come_back
from tfx_contract.deployments import (
    DeploymentEvent,
    Happened,
    Number,
    append_event,
    read_events,
)
from tfx_contract.home import Home
from tfx_contract.manifest import MANIFEST_FILE, VersionManifest
from tfx_contract.serving_spec import Serving

SMOKE_SUFFIX = "-smoke"


@dataclass(frozen=True)
class Push:
    """What every step of a push needs.

    Args:
      model: The model's name.
      version: The version that is pushed.
      serving: `serving` of the model's `model.yaml`.
      home: Where the versions lie.
      by: Whose push this is, `dag/run`; the same in every try.
      clients: The target's.
      wait: What is done while an operation goes on.
    """

    model: str
    version: int
    serving: Serving
    home: Home
    by: str
    clients: Clients
    wait: Wait

    @classmethod
    def of_run(cls, model: str, version: int, serving: Serving, home: Home, by: str) -> Push:
        """The push of an Airflow run.

        Raises:
          SetupError: the endpoint does not answer.
        """
        clients = connect(serving, home)
        return cls(model, version, serving, home, by, clients, come_back(clients))

    @property
    def versions(self) -> Path:
        return self.home.versions(self.model)

    @property
    def folder(self) -> Path:
        return self.versions / str(self.version)

    @cached_property
    def manifest(self) -> VersionManifest:
        return VersionManifest.read(self.folder / MANIFEST_FILE)

    @cached_property
    def endpoint(self) -> ModelEndpoint:
        """The one that users ask."""
        return ModelEndpoint(self.clients, self.model)

    @cached_property
    def smoke_endpoint(self) -> ModelEndpoint:
        """One that no user asks."""
        return ModelEndpoint(self.clients, self.model + SMOKE_SUFFIX)

    @property
    def lease(self) -> Lease:
        return Lease.of_push(self.by)

    def record(
        self,
        happened: Happened,
        reason: str = "",
        numbers: Mapping[str, Number] | None = None,
        version: int | None = None,
    ) -> None:
        """Appends an event of this version, or of another one; a retry appends it once."""
        event = DeploymentEvent(
            version=version or self.version,
            happened=happened,
            target=self.serving.target,
            by=self.by,
            reason=reason,
            numbers=dict(numbers or {}),
        )
        record_once(self.versions, event)


def record_once(versions: Path, event: DeploymentEvent) -> None:
    """Appends an event unless the version's last one says the same."""
    before = read_events(versions, event.version)[-1:]
    if [_without_time(each) for each in before] != [_without_time(event)]:
        append_event(versions, event)


def _without_time(event: DeploymentEvent) -> DeploymentEvent:
    return event.model_copy(update={"at": ""})
