"""The tasks of a push and of a rollback: thin, and each may be killed and tried again."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from tfx_airflow.parent import die_with_parent
from tfx_airflow.serving.errors import Preempted, UnderWay
from tfx_airflow.serving.tasks import TO_VERSION, WAIT
from tfx_airflow.serving.triggers import OperationTrigger
from tfx_contract.compiled import load_package
from tfx_contract.errors import InputError, TfxAirflowError
from tfx_contract.home import Home
from tfx_contract.serving_spec import Serving

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tfx_airflow.serving.push import Push
    from tfx_airflow.serving.rollback import Rollback


class ServingOperator(BaseOperator):
    """A task that talks to the model's endpoint.

    Args:
      model: The model's name.
      package: Folder of the compiled pipeline, which holds the model's `serving`.
    """

    ui_color = "#e3f2fd"

    def __init__(self, *, model: str, package: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.package = package

    def execute(self, context: Context) -> Any:
        """Does the step, deferring while an operation goes on.

        Raises:
          AirflowSkipException: there is nothing to do in this run.
          AirflowFailException: it failed, and a retry would fail in the same way.
          AirflowException: it failed, and a retry may help.
        """
        die_with_parent()
        try:
            return self.step(context)
        except UnderWay as under_way:
            serving = serving_of(self.package).model_dump(mode="json")
            self.log.info("%s", under_way)
            self.defer(
                trigger=OperationTrigger(serving, under_way.operation),
                method_name="resume",
                timeout=self.execution_timeout,
            )
        except TfxAirflowError as error:
            raise self.failure(context, error) from error

    def resume(self, context: Context, event: str) -> Any:
        """Goes on after an operation, from the beginning of the step."""
        if event:
            raise AirflowException(event)
        return self.execute(context)

    def failure(self, context: Context, error: TfxAirflowError) -> AirflowException:
        """What a task raises for an error of ours."""
        # The command line shows the lines that begin so.
        self.log.error("ERROR %s: %s", type(error).__name__, error)
        final = isinstance(error, InputError | Preempted)
        return (AirflowFailException if final else AirflowException)(str(error))

    @abstractmethod
    def step(self, context: Context) -> Any:
        """What the task does; it may be called again at any moment."""


class PushOperator(ServingOperator):
    """A step of the push of the version that was waited for."""

    def step(self, context: Context) -> Any:
        return self.push_step(push_of(self, context), context)

    def failure(self, context: Context, error: TfxAirflowError) -> AirflowException:
        from tfx_contract.deployments import Happened

        if isinstance(error, Preempted) and error.by_rollback:
            # A person took the endpoint back; what was on its way must not come by itself again.
            push_of(self, context).record(Happened.ROLLED_BACK, "preempted by rollback")
        return super().failure(context, error)

    @abstractmethod
    def push_step(self, push: Push, context: Context) -> Any:
        """What this step does with the version."""


class TakeOver(PushOperator):
    """Takes the endpoint's lease, and undoes what a killed push left."""

    def push_step(self, push: Push, context: Context) -> None:
        from tfx_airflow.serving.steps import take_over

        take_over(push)


class Upload(PushOperator):
    """Puts the version into the model registry."""

    def push_step(self, push: Push, context: Context) -> str:
        from tfx_airflow.serving.steps import upload

        return upload(push)


class CheckCompatibility(PushOperator):
    """Refuses a version that breaks the live one's callers."""

    def push_step(self, push: Push, context: Context) -> str:
        from tfx_airflow.serving.steps import check_compatibility

        return check_compatibility(push)


class SmokeTest(PushOperator):
    """Asks the version the golden requests where no user can."""

    def push_step(self, push: Push, context: Context) -> str:
        from tfx_airflow.serving.smoke import smoke_test

        return smoke_test(push)


class GiveShare(PushOperator):
    """Gives the version a share of the traffic, or a copy of it.

    Args:
      percent: Of the traffic; None: a copy of all of it.
    """

    def __init__(self, *, percent: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.percent = percent

    def push_step(self, push: Push, context: Context) -> dict[str, Any]:
        from tfx_airflow.serving.canary import give_share

        watched = give_share(push, self.percent)
        if watched is None:
            raise AirflowSkipException("Nothing is live to compare the version with.")
        return watched.model_dump(mode="json")


class Promote(PushOperator):
    """Gives the version all traffic."""

    def push_step(self, push: Push, context: Context) -> None:
        from tfx_airflow.serving.steps import promote

        promote(push)


class Settle(PushOperator):
    """Leaves the endpoint with the live version alone, however the push went."""

    def step(self, context: Context) -> Any:
        try:
            return super().step(context)
        except Preempted as preempted:
            raise AirflowSkipException(str(preempted)) from preempted

    def push_step(self, push: Push, context: Context) -> None:
        from tfx_airflow.serving.steps import settle

        if push.endpoint.find() is None:
            raise AirflowSkipException("There is no endpoint yet.")
        settle(push)


class ChooseVersion(ServingOperator):
    """Decides once which version a rollback goes back to, so that a retry goes no further."""

    def step(self, context: Context) -> int:
        from tfx_airflow.serving.rollback import choose_version

        to = context["params"].get(TO_VERSION)
        return choose_version(rollback_of(self, context), to)


class RollBack(ServingOperator):
    """Gives all traffic to the version that was chosen."""

    def __init__(self, *, choice: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choice = choice

    def step(self, context: Context) -> dict[str, Any]:
        from tfx_airflow.serving.rollback import roll_back

        version = int(context["ti"].xcom_pull(task_ids=self.choice))
        outcome = roll_back(rollback_of(self, context), version)
        return {"live": outcome.live, "rolled_back": outcome.rolled_back}


class OfModel(Protocol):
    """A task of a model."""

    model: str
    package: str


def push_of(task: OfModel, context: Context) -> Push:
    """The push of this run.

    Raises:
      AirflowSkipException: there is no version to push.
      SetupError: the endpoint does not answer.
    """
    from tfx_airflow.serving.push import Push

    version = context["ti"].xcom_pull(task_ids=WAIT)
    if version is None:
        raise AirflowSkipException("There is no version to push.")
    home, serving = Home.from_environment(), serving_of(task.package)
    return Push.of_run(task.model, int(version), serving, home, caller_of(context))


def rollback_of(task: OfModel, context: Context) -> Rollback:
    """The rollback of this run.

    Raises:
      SetupError: the endpoint does not answer.
    """
    from tfx_airflow.serving.clients import connect
    from tfx_airflow.serving.operations import come_back
    from tfx_airflow.serving.rollback import Rollback

    home, serving = Home.from_environment(), serving_of(task.package)
    clients = connect(serving, home)
    wait = come_back(clients)
    return Rollback(task.model, serving, home, caller_of(context), clients, wait)


def serving_of(package: str) -> Serving:
    """`serving` of the model's `model.yaml`, as it was compiled."""
    serving = load_package(Path(package)).spec.serving
    assert serving is not None, "a model without 'serving' has no DAG that pushes"
    return serving


def caller_of(context: Context) -> str:
    """The run, the same in every try of its tasks."""
    dag_run = context["dag_run"]
    return f"{dag_run.dag_id}/{dag_run.run_id}"
