"""The steps of a push, each a function that may be called again at any moment.

A step reads what is there and does what is missing. Nothing here knows Airflow.
"""

from __future__ import annotations

from tfx_airflow.serving import registry
from tfx_airflow.serving.compatibility import broken_callers
from tfx_airflow.serving.endpoint import LIVE_LABEL, SHADOW_LABEL, Change, Deployed, State
from tfx_airflow.serving.errors import Refused
from tfx_airflow.serving.history import heal, promoted_before
from tfx_airflow.serving.lease import LEASE_LABEL
from tfx_airflow.serving.push import Push
from tfx_contract.deployments import Happened, live_version
from tfx_contract.manifest import MANIFEST_FILE, VersionManifest


def take_over(push: Push) -> None:
    """Takes the lease, and puts all traffic back to the live version."""
    push.endpoint.ensure(push.wait)
    state = push.endpoint.change(push.lease, only_live, take=True)
    heal(push.versions, state, push.serving.target)


def upload(push: Push) -> str:
    """Cleans up after an earlier push, and puts the version into the registry."""
    clean_up(push, push.version)
    name = registry.upload(push.clients, push.folder, push.manifest, push.serving, push.wait)
    push.record(Happened.UPLOADED, name)
    return name


def check_compatibility(push: Push) -> str:
    """Sees to it that what callers of the live version send fits the new one; returns a note.

    Raises:
      Refused: it does not.
    """
    live = push.endpoint.check(push.lease).live
    if live is None or live == push.version:
        return "nothing else is live"
    try:
        before = VersionManifest.read(push.versions / str(live) / MANIFEST_FILE).signature_shapes
    except FileNotFoundError:
        before = {}
    if not before or not push.manifest.signature_shapes:
        return f"not compared: version {live if not before else push.version} has no shapes"
    if lines := broken_callers(push.manifest.signature_shapes, before):
        raise refuse(push, f"breaks callers of version {live}: {'; '.join(lines)}")
    return f"takes what version {live} takes"


def refuse(push: Push, reason: str, **numbers: float | str | None) -> Refused:
    """Marks the version, which is not tried again by itself; returns what to raise."""
    push.record(Happened.REFUSED, reason, numbers)
    return Refused(f"Version {push.version} of model '{push.model}' {reason}")


def promote(push: Push) -> None:
    """Gives the version all traffic, and lets go of versions that are not kept."""
    state = push.endpoint.check(push.lease)
    id = deploy(push)
    push.endpoint.change(push.lease, lambda _: all_traffic(id, push.version))
    record_promotion(push, live_version(push.versions), state)
    clean_up(push, push.version)


def record_promotion(push: Push, before: int | None, state: State) -> None:
    """The events of a promotion; once, however often it is tried."""
    if before == push.version:
        return
    if before is not None and before > push.version:
        # Else it would be taken for a new version that is yet to be pushed.
        push.record(Happened.ROLLED_BACK, f"went back to version {push.version}", version=before)
    took_over = f"took over from version {before}" if before else "the first version"
    push.record(Happened.PROMOTED, took_over, {"deployed": len(state.deployed)})


def roll_back(push: Push, reason: str) -> None:
    """Gives all traffic back to the live version; the version is not tried again by itself."""
    push.endpoint.change(push.lease, only_live)
    push.record(Happened.ROLLED_BACK, reason)


def settle(push: Push) -> None:
    """Ends a push, however it went: the live version has all traffic, and the lease is free."""
    state = push.endpoint.change(push.lease, only_live)
    heal(push.versions, state, push.serving.target)
    clean_up(push)
    if push.smoke_endpoint.find():
        push.smoke_endpoint.undeploy_soon()
    push.endpoint.change(push.lease, lambda _: Change(labels={LEASE_LABEL: None}))


def deploy(push: Push) -> str:
    """Sees to it that the version is loaded, without traffic; returns the deployed model's id."""
    push.endpoint.check(push.lease)
    name = registry.upload(push.clients, push.folder, push.manifest, push.serving, push.wait)
    return push.endpoint.deploy(push.version, name, push.serving, push.wait)


def clean_up(push: Push, *also: int) -> None:
    """Undeploys all but the live version, those kept for a rollback, and some more."""
    live = push.endpoint.check(push.lease).live
    kept = {live, *promoted_before(push.versions, live)[: push.serving.keep_versions], *also}

    def keep(state: State, deployed: Deployed) -> bool:
        return deployed.version in kept and state.id_of(deployed.version) == deployed.id

    def leaving(version: int) -> None:
        if version not in {*kept, push.version}:
            push.record(Happened.RETIRED, f"{push.serving.keep_versions} kept", version=version)

    push.endpoint.undeploy(keep, push.wait, push.lease, leaving)


def only_live(state: State) -> Change:
    """All traffic to the live version, and a copy of it to nobody."""
    live = state.id_of(state.live)
    return Change({live: 100} if live else {}, {SHADOW_LABEL: None})


def all_traffic(id: str, version: int) -> Change:
    """All traffic to a deployed model, whose version is live from now on."""
    return Change({id: 100}, {LIVE_LABEL: str(version), SHADOW_LABEL: None})
