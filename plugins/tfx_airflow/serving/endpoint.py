"""One model's endpoint: what is deployed there, who has the lease, and every change of the two.

A new version is deployed with no traffic at all. Traffic moves in one place only, `change`, which
reads the endpoint, sees to it that the lease is still the caller's, and sends the etag of what it
read, so that nobody can have changed anything in between.

Labels of an endpoint:
    push-lease   who changes it, or changed it last
    live         the version that is live, set together with its traffic
    shadow       the deployed model that gets a copy of the traffic
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tfx_airflow.serving.clients import Clients
from tfx_airflow.serving.errors import Preempted, ServingError
from tfx_airflow.serving.lease import LEASE_LABEL, Lease
from tfx_airflow.serving.operations import Wait
from tfx_airflow.serving.registry import alias_of, version_of_alias
from tfx_contract.serving_spec import Serving

LIVE_LABEL = "live"
SHADOW_LABEL = "shadow"
_TRIES = 20


@dataclass(frozen=True)
class Deployed:
    """One version that is loaded."""

    id: str
    version: int | None


@dataclass(frozen=True)
class State:
    """What an endpoint was when it was read."""

    name: str
    display_name: str
    etag: str
    labels: Mapping[str, str]
    traffic: Mapping[str, int]
    deployed: tuple[Deployed, ...]

    @property
    def live(self) -> int | None:
        """The version that was promoted last."""
        text = self.labels.get(LIVE_LABEL, "")
        return int(text) if text.isdecimal() else None

    @property
    def tried(self) -> set[int]:
        """Versions other than the live one that get traffic, or a copy of it."""
        asked = {*self.traffic, self.labels.get(SHADOW_LABEL)}
        versions = {each.version for each in self.deployed if each.id in asked}
        return {version for version in versions if version and version != self.live}

    def id_of(self, version: int | None) -> str | None:
        """The deployed model of a version, the one with the most traffic if there are several."""
        ids = [each.id for each in self.deployed if version and each.version == version]
        return max(ids, key=lambda id: self.traffic.get(id, 0), default=None)


@dataclass(frozen=True)
class Change:
    """What is to be different; a label without a value is taken away."""

    traffic: Mapping[str, int] | None = None
    labels: Mapping[str, str | None] = field(default_factory=dict)


class ModelEndpoint:
    """The endpoint of one display name."""

    def __init__(self, clients: Clients, display_name: str) -> None:
        self._clients = clients
        self.display_name = display_name

    def find(self) -> State | None:
        """The endpoint as it is now; None when there is none yet."""
        request = {"parent": self._clients.parent, "filter": f'display_name="{self.display_name}"'}
        every = self._clients.endpoints.list_endpoints(request=request)
        found = [each for each in every if each.display_name == self.display_name]
        oldest = min(found, key=lambda each: (each.create_time, each.name), default=None)
        return _state(oldest) if oldest else None

    def read(self) -> State:
        """The endpoint as it is now.

        Raises:
          ServingError: there is none.
        """
        state = self.find()
        if state is None:
            raise ServingError(
                f"There is no endpoint '{self.display_name}' under {self._clients.parent}. "
                f"The first push makes it."
            )
        return state

    def ensure(self, wait: Wait) -> State:
        """The endpoint, made when there is none."""
        while (state := self.find()) is None:
            endpoint = {"display_name": self.display_name}
            request = {"parent": self._clients.parent, "endpoint": endpoint}
            wait(self._clients.endpoints.create_endpoint(request=request).operation.name)
        return state

    def change(
        self, lease: Lease, decide: Callable[[State], Change | None], take: bool = False
    ) -> State:
        """Changes traffic and labels in one step that nobody can come between.

        Args:
          lease: The caller's.
          decide: From what the endpoint is to what is to be different; None: nothing.
          take: Takes the lease from whoever has it.

        Raises:
          Preempted: the lease is not the caller's any more.
        """
        for _ in range(_TRIES):
            state = self.read()
            if not take:
                self._check(state, lease)
            wanted = decide(state)
            if wanted is None:
                return state
            labels = {**wanted.labels, **({LEASE_LABEL: lease.token} if take else {})}
            changed = self._update(state, Change(wanted.traffic, labels))
            if changed is not None:
                return changed
        raise ServingError(f"Endpoint '{self.display_name}' changed {_TRIES} times meanwhile.")

    def check(self, lease: Lease) -> State:
        """The endpoint as it is now, the lease being the caller's.

        Raises:
          Preempted: it is not.
        """
        state = self.read()
        self._check(state, lease)
        return state

    def deploy(
        self,
        version: int,
        model: str,
        serving: Serving,
        wait: Wait,
        traffic: Mapping[str, int] | None = None,
    ) -> str:
        """Sees to it that a version is loaded and warm; returns the deployed model's id.

        Args:
          version: The pushed version.
          model: Its resource name in the registry.
          serving: On what the model is served.
          wait: What is done while it loads.
          traffic: A new split, where `"0"` is the version itself; left out, the split stays.
        """
        while (id := self.read().id_of(version)) is None:
            request = {
                "endpoint": self.read().name,
                "deployed_model": _deployed_model(version, model, serving),
                "traffic_split": traffic or {},
            }
            wait(self._clients.endpoints.deploy_model(request=request).operation.name)
        return id

    def undeploy(
        self,
        keep: Callable[[State, Deployed], bool],
        wait: Wait,
        lease: Lease | None = None,
        leaving: Callable[[int], None] = lambda version: None,
    ) -> None:
        """Undeploys what is not kept; what has traffic, the server keeps.

        Args:
          keep: Whether a deployed model stays.
          wait: What is done while one answers its last requests.
          lease: The caller's, where the endpoint has one.
          leaving: Told each version before it goes.

        Raises:
          Preempted: the lease is not the caller's any more.
        """
        while True:
            state = self.check(lease) if lease else self.read()
            leaves = [each for each in state.deployed if not keep(state, each)]
            if not leaves:
                return
            goes = min(leaves, key=lambda each: state.traffic.get(each.id, 0))
            if goes.version:
                leaving(goes.version)
            request = {"endpoint": state.name, "deployed_model_id": goes.id}
            wait(self._clients.endpoints.undeploy_model(request=request).operation.name)

    def undeploy_soon(self) -> None:
        """Has everything undeployed, and does not wait for it."""
        from google.api_core.exceptions import FailedPrecondition, NotFound

        state = self.read()
        for each in sorted(state.deployed, key=lambda each: state.traffic.get(each.id, 0)):
            request = {"endpoint": state.name, "deployed_model_id": each.id}
            # An earlier call of it may be under way, or done since the endpoint was read.
            with suppress(FailedPrecondition, NotFound):
                self._clients.endpoints.undeploy_model(request=request)

    def _check(self, state: State, lease: Lease) -> None:
        holder = Lease(state.labels.get(LEASE_LABEL, ""))
        if holder != lease:
            raise Preempted(self.display_name, holder.is_rollback)

    def _update(self, state: State, wanted: Change) -> State | None:
        """The endpoint after the change; None when somebody else changed it first."""
        from google.api_core.exceptions import BadRequest, Conflict

        labels = {**state.labels, **wanted.labels}
        traffic = state.traffic if wanted.traffic is None else wanted.traffic
        request = {
            "endpoint": {
                "name": state.name,
                "etag": state.etag,
                "labels": {key: value for key, value in labels.items() if value is not None},
                "traffic_split": {id: share for id, share in traffic.items() if share},
            },
            "update_mask": {"paths": ["labels", "traffic_split"]},
        }
        try:
            return _state(self._clients.endpoints.update_endpoint(request=request))
        except (BadRequest, Conflict):
            # ABORTED and FAILED_PRECONDITION among them, which REST does not tell apart.
            if self.read().etag == state.etag:
                raise
            return None


def _deployed_model(version: int, model: str, serving: Serving) -> dict[str, Any]:
    described: dict[str, Any] = {"model": model, "display_name": alias_of(version)}
    if place := serving.vertex_ai:
        described["dedicated_resources"] = {
            "machine_spec": {"machine_type": place.machine_type},
            "min_replica_count": place.min_replicas,
            "max_replica_count": place.max_replicas,
        }
        described["service_account"] = place.service_account or ""
    return described


def _state(endpoint: Any) -> State:
    return State(
        name=endpoint.name,
        display_name=endpoint.display_name,
        etag=endpoint.etag,
        labels=dict(endpoint.labels),
        traffic={id: share for id, share in endpoint.traffic_split.items() if share},
        deployed=tuple(
            Deployed(each.id, version_of_alias(each.display_name))
            for each in endpoint.deployed_models
        ),
    )
