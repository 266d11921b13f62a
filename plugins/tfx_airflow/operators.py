"""The operator that runs one TFX node as one Airflow task."""

from __future__ import annotations

import logging
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, conf
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from tfx_airflow.parameters import values_of_run
from tfx_airflow.parent import die_with_parent
from tfx_airflow.runner import NodeRunner
from tfx_airflow.summary import describe_result
from tfx_contract.compiled import load_package
from tfx_contract.errors import InputError, TfxAirflowError
from tfx_contract.home import Home
from tfx_contract.node import NodeRequest, NodeResult, NodeState, Run
from tfx_contract.parameters import FORCE_FULL_RUN

if TYPE_CHECKING:
    from airflow.sdk import Context

_LEVELS = {
    "DEBUG": logging.DEBUG,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.CRITICAL,
}


class TfxNodeOperator(BaseOperator):
    """Runs the node that its task is named after.

    Args:
      model: The model that the node belongs to.
      package: Folder of the compiled pipeline.
      stall_seconds: How long the node may show no sign of life.
    """

    ui_color = "#fff3e0"

    def __init__(
        self, *, model: str, package: str, stall_seconds: float = 600, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.package = package
        self.stall_seconds = stall_seconds
        self._runner: NodeRunner | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Runs the node and returns its result as JSON.

        Raises:
          AirflowSkipException: the node decided not to run.
          AirflowFailException: it failed, and a retry would fail in the same way.
          AirflowException: it failed, and a retry may help.
        """
        die_with_parent()
        self._runner = NodeRunner()
        try:
            result = self._runner.run(self._request(context), self._log_line)
        except TfxAirflowError as error:
            self._log_line(f"ERROR {type(error).__name__}: {error}")
            kind = AirflowFailException if isinstance(error, InputError) else AirflowException
            raise kind(str(error)) from error
        return self._judge(result)

    def on_kill(self) -> None:
        """Ends the node together with the task."""
        if self._runner is not None:
            self._runner.stop()

    def _request(self, context: Context) -> NodeRequest:
        home = Home.from_environment()
        declared = load_package(Path(self.package)).parameters
        parameters = context["params"]
        return NodeRequest(
            model=self.model,
            node_id=self.task_id,
            package=self.package,
            run=_run_of(context),
            token=uuid.uuid4().hex,
            pipeline_root=str(home.pipeline_root(self.model)),
            metadata=home.metadata,
            versions=str(home.versions(self.model)),
            parameters=values_of_run(parameters, declared),
            use_cache=not parameters.get(FORCE_FULL_RUN, False),
            stall_seconds=self.stall_seconds,
        )

    def _judge(self, result: NodeResult) -> dict[str, Any]:
        for line in describe_result(result):
            self._log_line(line)
        if result.state is NodeState.SKIPPED:
            raise AirflowSkipException(f"Node '{result.node_id}' was skipped.")
        if result.state is NodeState.FAILED:
            raise _failure(result)
        return result.model_dump(mode="json")

    def _log_line(self, line: str) -> None:
        self.log.log(level_of(line), "%s", line)


def level_of(line: str) -> int:
    """The level that a log line begins with, as in `ERROR:absl:…`; INFO when it names none."""
    return _LEVELS.get(
        line.lstrip("[ ").partition(" ")[0].partition(":")[0].rstrip("]"), logging.INFO
    )


def _failure(result: NodeResult) -> AirflowException:
    failure = result.failure
    if failure is None:
        return AirflowException(f"Node '{result.node_id}' failed without saying why.")
    kind = AirflowException if failure.retryable else AirflowFailException
    return kind(f"{failure.kind}: {failure.message}")


def _run_of(context: Context) -> Run:
    dag_run, instance = context["dag_run"], context["ti"]
    logical_date = dag_run.logical_date
    return Run(
        dag_id=dag_run.dag_id,
        run_id=dag_run.run_id,
        try_number=instance.try_number,
        logical_date=logical_date.isoformat() if logical_date else None,
        url=run_url(conf.get("api", "base_url", fallback=""), dag_run.dag_id, dag_run.run_id),
    )


def run_url(base_url: str, dag_id: str, run_id: str) -> str | None:
    """The address of a run in Airflow's UI."""
    return f"{base_url.rstrip('/')}/dags/{dag_id}/runs/{run_id}" if base_url else None
