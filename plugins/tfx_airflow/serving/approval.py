"""Asks a person, in Airflow, whether a version may have all traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.exceptions import HITLRejectException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException

from tfx_airflow.serving.operators import push_of
from tfx_airflow.serving.tasks import WAIT
from tfx_contract.deployments import Happened

if TYPE_CHECKING:
    from airflow.sdk import Context


class ApprovePromotion(ApprovalOperator):
    """Waits for a person's answer; until then the traffic stays as the canary left it.

    Args:
      model: The model's name.
      package: Folder of the compiled pipeline.
      judged: The task whose verdict the person is shown; None: there was no canary.
    """

    def __init__(self, *, model: str, package: str, judged: str, **kwargs: Any) -> None:
        version = f"{{{{ ti.xcom_pull(task_ids='{WAIT}') }}}}"
        verdict = f"{{{{ ti.xcom_pull(task_ids='{judged}') or 'There was no canary.' }}}}"
        super().__init__(
            subject=f"Give all traffic of {model} to version {version}?",
            body=f"What the canary showed: {verdict}",
            fail_on_reject=True,
            **kwargs,
        )
        self.model = model
        self.package = package

    def execute(self, context: Context) -> Any:
        """Asks.

        Raises:
          AirflowSkipException: there is no version to push.
        """
        push_of(self, context)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Takes the answer.

        Raises:
          AirflowFailException: it was no; the version is rolled back.
        """
        from tfx_airflow.serving.steps import roll_back

        push = push_of(self, context)
        who = (event.get("responded_by_user") or {}).get("name") or "nobody"
        try:
            answer = super().execute_complete(context, event)
        except HITLRejectException as rejection:
            roll_back(push, f"rejected by {who}")
            said = f"Version {push.version} of model '{push.model}' was rejected by {who}."
            raise AirflowFailException(said) from rejection
        push.record(Happened.APPROVED, f"by {who}")
        return answer
