"""Back to an earlier version, within seconds where it is still loaded.

The command line and the DAG share this. A rollback takes the lease from a push that is under way,
which then stops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tfx_airflow.serving import registry
from tfx_airflow.serving.clients import Clients
from tfx_airflow.serving.endpoint import Change, ModelEndpoint, State
from tfx_airflow.serving.errors import ServingError
from tfx_airflow.serving.history import existing_version, heal, promoted_before
from tfx_airflow.serving.lease import Lease
from tfx_airflow.serving.operations import Wait
from tfx_airflow.serving.push import record_once
from tfx_airflow.serving.steps import all_traffic, only_live
from tfx_contract.deployments import DeploymentEvent, Happened, live_version
from tfx_contract.errors import InputError
from tfx_contract.home import Home
from tfx_contract.manifest import MANIFEST_FILE, VersionManifest
from tfx_contract.serving_spec import Serving


@dataclass(frozen=True)
class Rollback:
    """What a rollback needs; the fields are those of a push."""

    model: str
    serving: Serving
    home: Home
    by: str
    clients: Clients
    wait: Wait

    @property
    def versions(self) -> Path:
        return self.home.versions(self.model)

    @property
    def endpoint(self) -> ModelEndpoint:
        return ModelEndpoint(self.clients, self.model)

    @property
    def lease(self) -> Lease:
        return Lease.of_rollback(self.by)


@dataclass(frozen=True)
class Outcome:
    """What a rollback did: the version that is live now, and those that are not any more."""

    live: int
    rolled_back: list[int]
    was_loaded: bool


def choose_version(rollback: Rollback, to: int | None) -> int:
    """The version to go back to.

    That is the one named; or the live one, while a push has a newer one on trial; or else the one
    that was promoted before.

    Raises:
      InputError: there is no such version, or none was promoted before.
    """
    if to is not None:
        return existing_version(rollback.versions, rollback.model, to)
    state = rollback.endpoint.read()
    heal(rollback.versions, state, rollback.serving.target)
    live = state.live or live_version(rollback.versions)
    if live is not None and state.tried:
        return live
    before = promoted_before(rollback.versions, live)
    if not before:
        raise InputError(
            f"Model '{rollback.model}': no version was promoted before the live one, which is "
            f"{live or 'none'}. Name one: tfx-airflow rollback {rollback.model} --to VERSION"
        )
    return before[0]


def roll_back(rollback: Rollback, version: int) -> Outcome:
    """Gives all traffic to a version, whoever else is at work.

    Raises:
      InputError: there is no such version.
    """
    existing_version(rollback.versions, rollback.model, version)
    state = rollback.endpoint.ensure(rollback.wait)
    was_loaded = state.id_of(version) is not None
    gone: list[int] = []
    if not was_loaded:
        # Whoever is at work must stop now, not when the version has been loaded.
        gone += _change(rollback, version, only_live)
        _load(rollback, version)
    gone += _change(rollback, version, lambda now: _switch(now, version))
    if live_version(rollback.versions) != version:
        after = f"after a rollback of {', '.join(map(str, gone)) or 'nothing'}"
        _append(rollback, version, Happened.PROMOTED, after)
    return Outcome(version, gone, was_loaded)


def _change(rollback: Rollback, to: int, decide: Callable[[State], Change]) -> list[int]:
    """Changes the endpoint, and marks the versions that lose their traffic by it."""
    before: list[State] = []

    def remember(state: State) -> Change:
        before.append(state)
        return decide(state)

    after = rollback.endpoint.change(rollback.lease, remember, take=True)
    lose: set[int | None] = {*before[-1].tried}
    if after.live == to:
        lose |= {before[-1].live, live_version(rollback.versions)}
    gone = sorted(each for each in lose if each and each != to)
    for version in gone:
        _append(rollback, version, Happened.ROLLED_BACK, f"back to version {to}")
    return gone


def _switch(state: State, version: int) -> Change:
    id = state.id_of(version)
    if id is None:
        raise ServingError(f"Version {version} was undeployed while it was to take over.")
    return all_traffic(id, version)


def _load(rollback: Rollback, version: int) -> None:
    folder = rollback.versions / str(version)
    manifest = VersionManifest.read(folder / MANIFEST_FILE)
    clients, serving, wait = rollback.clients, rollback.serving, rollback.wait
    name = registry.upload(clients, folder, manifest, serving, wait)
    rollback.endpoint.deploy(version, name, serving, wait)


def _append(rollback: Rollback, version: int, happened: Happened, reason: str) -> None:
    target = rollback.serving.target
    record_once(
        rollback.versions,
        DeploymentEvent(
            version=version, happened=happened, target=target, by=rollback.by, reason=reason
        ),
    )
