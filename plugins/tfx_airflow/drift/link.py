"""The button of a task that opens its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink, conf

from tfx_airflow.pages.addresses import report_address

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


class DriftReportLink(BaseOperatorLink):
    """Opens the page of the check."""

    name = "Drift report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address; asked for in the task's own process, at its end."""
        return str(getattr(operator, "report_address", ""))


def address_of(dag_id: str, report: Path) -> str:
    """The page of a report in Airflow, whose own address its configuration holds."""
    return report_address(conf.get("api", "base_url", fallback=""), dag_id, report)
