"""The tasks of a push that wait, and hold no slot while they do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowSkipException

from tfx_airflow.serving.operators import PushOperator, ServingOperator
from tfx_airflow.serving.tasks import VERSION
from tfx_airflow.serving.triggers import CanaryTrigger, VersionTrigger
from tfx_contract.deployments import live_version, undecided_versions
from tfx_contract.home import Home

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tfx_airflow.serving.push import Push

_ASSET_TRIGGERED = "asset_triggered"
_VERSION_POLL_SECONDS = 5.0
_LOOKS_PER_WINDOW = 20
_LOOK_SECONDS = (1.0, 15.0)


class WaitForVersion(ServingOperator):
    """Waits for a pushed version that nothing was decided about, and gives its number.

    An asset event says that the training DAG pushed; when it pushed nothing new, this run has
    nothing to do. A run that a person started waits, unless it names its version.

    Args:
      longest_hours: How long it waits; then the run has nothing to do either.
    """

    def __init__(self, *, longest_hours: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.longest_hours = longest_hours

    def step(self, context: Context) -> int:
        versions = Home.from_environment().versions(self.model)
        named = context["params"].get(VERSION)
        if named is not None:
            return self._named(int(named))
        if undecided := undecided_versions(versions):
            return undecided[-1]
        if context["dag_run"].run_type == _ASSET_TRIGGERED:
            raise AirflowSkipException("Something was decided about every version.")
        return self._wait(str(versions))

    def _wait(self, versions: str) -> NoReturn:
        until = time.time() + self.longest_hours * 3600
        trigger = VersionTrigger(versions, _VERSION_POLL_SECONDS, until)
        self.defer(trigger=trigger, method_name="found")
        raise AssertionError("deferring raises")

    def found(self, context: Context, event: int | None) -> int:
        """The version that came."""
        if event is None:
            raise AirflowSkipException(f"No version came in {self.longest_hours:g} hours.")
        return int(event)

    def _named(self, version: int) -> int:
        from tfx_airflow.serving.history import existing_version

        versions = Home.from_environment().versions(self.model)
        if existing_version(versions, self.model, version) == live_version(versions):
            raise AirflowSkipException(f"Version {version} is live already.")
        return version


class Watch(PushOperator):
    """Watches a step of the canary until there is a verdict, and follows it.

    Args:
      share: The task that began the step.
    """

    def __init__(self, *, share: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.share = share

    def step(self, context: Context) -> Any:
        if context["ti"].xcom_pull(task_ids=self.share) is None:
            raise AirflowSkipException("Nothing is live to compare the version with.")
        return super().step(context)

    def push_step(self, push: Push, context: Context) -> dict[str, Any]:
        from tfx_airflow.serving.canary import Watched, conclude
        from tfx_airflow.serving.verdict import Decision

        begun = context["ti"].xcom_pull(task_ids=self.share)
        verdict = conclude(push, Watched.model_validate(begun))
        self.log.info("%s: %s %s", verdict.decision, verdict.reason, verdict.numbers)
        if verdict.decision is Decision.WATCH:
            self._watch_on(push, begun)
        return {"decision": verdict.decision.value, "reason": verdict.reason, **verdict.numbers}

    def _watch_on(self, push: Push, begun: dict[str, Any]) -> None:
        low, high = _LOOK_SECONDS
        seconds = push.serving.canary.window_minutes * 60 / _LOOKS_PER_WINDOW
        trigger = CanaryTrigger(
            model=push.model,
            version=push.version,
            serving=push.serving.model_dump(mode="json"),
            by=push.by,
            watched=begun,
            poll_seconds=min(high, max(low, seconds)),
        )
        self.defer(trigger=trigger, method_name="looked")

    def looked(self, context: Context, event: bool) -> Any:
        """Goes on when the trigger has seen enough."""
        return self.execute(context)
