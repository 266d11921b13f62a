"""A new version's share of the traffic, what was counted since it has it, and what follows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tfx_airflow.serving import steps
from tfx_airflow.serving.counters import Counters
from tfx_airflow.serving.distance import compare_logged
from tfx_airflow.serving.endpoint import SHADOW_LABEL, Change, State
from tfx_airflow.serving.errors import Refused
from tfx_airflow.serving.meter import meter_of
from tfx_airflow.serving.push import Push
from tfx_airflow.serving.verdict import Decision, Verdict, judge
from tfx_contract.deployments import Happened
from tfx_contract.record import Record
from tfx_contract.serving_spec import WhenInconclusive
from tfx_request_log.place import log_url


class Watched(Record):
    """One step of a canary, from its beginning on.

    Args:
      endpoint: Resource name of the endpoint.
      canary: Id of the new version's deployed model.
      live: Id of the live version's.
      live_version: The version that is live.
      began: When the step began, ISO 8601.
      start: The counters of both at that moment, by deployed model.
    """

    endpoint: str
    canary: str
    live: str
    live_version: int
    began: str
    start: dict[str, dict[str, Any]]

    @property
    def minutes(self) -> float:
        return (datetime.now(UTC) - datetime.fromisoformat(self.began)).total_seconds() / 60


def give_share(push: Push, percent: int | None) -> Watched | None:
    """Gives the version a share of the traffic; None when nothing is live to compare it with.

    Args:
      push: The push.
      percent: Of the traffic; None: a copy of all of it, the shadow's.
    """
    state = push.endpoint.check(push.lease)
    live = state.id_of(state.live)
    if live is None or state.live in (None, push.version):
        return None
    meter = meter_of(push.clients, push.serving)
    canary = steps.deploy(push)
    state = push.endpoint.change(push.lease, lambda now: _share(now, live, canary, percent))
    what = "a copy of the traffic" if percent is None else f"{percent} % of the traffic"
    numbers = {"percent": percent or 0, "live_version": state.live}
    push.record(Happened.CANARY, what, numbers)
    began = datetime.now(UTC)
    counted = meter.read(state.name, began)
    return Watched(
        endpoint=state.name,
        canary=canary,
        live=live,
        live_version=int(state.live or 0),
        began=began.isoformat(),
        start={id: counted.get(id, Counters()).as_json() for id in (canary, live)},
    )


def look(push: Push, watched: Watched) -> Verdict:
    """The verdict on what was counted until now, the predictions left out.

    Raises:
      Preempted: somebody else changes the endpoint.
    """
    push.endpoint.check(push.lease)
    return _judge(push, watched, with_predictions=False)


def conclude(push: Push, watched: Watched) -> Verdict:
    """The verdict that counts, with what follows from it.

    Raises:
      Preempted: somebody else changes the endpoint.
      Refused: the version was rolled back.
    """
    push.endpoint.check(push.lease)
    verdict = _judge(push, watched, with_predictions=True)
    if verdict.decision is Decision.WATCH:
        return verdict
    reason = f"{verdict.decision}: {verdict.reason}"
    push.record(Happened.JUDGED, reason, verdict.numbers)
    if _goes_back(push, verdict.decision):
        steps.roll_back(push, reason)
        raise Refused(f"Version {push.version} of model '{push.model}' was rolled back; {reason}")
    return verdict


def _goes_back(push: Push, decision: Decision) -> bool:
    if decision is Decision.INCONCLUSIVE:
        return push.serving.canary.when_inconclusive is WhenInconclusive.ROLL_BACK
    return decision is Decision.ROLL_BACK


def _judge(push: Push, watched: Watched, with_predictions: bool) -> Verdict:
    meter = meter_of(push.clients, push.serving)
    # Of the newest requests nothing is known yet, so they count as not watched.
    minutes = max(0.0, watched.minutes - meter.delay_minutes)
    counted = meter.read(watched.endpoint, datetime.fromisoformat(watched.began))
    canary, live = (
        counted.get(id, Counters()).beyond(Counters.from_json(watched.start[id]))
        for id in (watched.canary, watched.live)
    )
    predictions = _predictions(push, watched) if with_predictions else None
    return judge(canary, live, minutes, push.serving.canary, predictions)


def _predictions(push: Push, watched: Watched) -> Any:
    return compare_logged(
        log_url(push.home.endpoint),
        push.model,
        (push.version, watched.live_version),
        datetime.fromisoformat(watched.began),
        push.serving.canary.max_prediction_distance,
    )


def _share(state: State, live: str, canary: str, percent: int | None) -> Change:
    if percent is None:
        return Change({live: 100}, {SHADOW_LABEL: canary})
    return Change({live: 100 - percent, canary: percent}, {SHADOW_LABEL: None})
