"""Asks a person, in Airflow, whether a drift is worth a retraining."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowSkipException

from tfx_airflow.drift.operators import conclusion_of
from tfx_airflow.drift.tasks import CONCLUDE
from tfx_contract.drift_history import Followed

if TYPE_CHECKING:
    from airflow.sdk import Context


class AskForRetraining(ApprovalOperator):
    """Waits for a person's answer; after `check_hours` without one it is no.

    Args:
      model: The model's name.
    """

    def __init__(self, *, model: str, **kwargs: Any) -> None:
        super().__init__(
            subject=f"Retrain {model}?",
            body=f"{{{{ ti.xcom_pull(task_ids='{CONCLUDE}')['reason'] }}}}",
            defaults="Reject",
            **kwargs,
        )

    def execute(self, context: Context) -> Any:
        """Asks.

        Raises:
          AirflowSkipException: there is nothing to ask.
        """
        conclusion = conclusion_of(context)
        if conclusion.followed is not Followed.RETRAINING:
            raise AirflowSkipException(conclusion.reason)
        return super().execute(context)
