"""The operator that runs one TFX node as one Airflow task."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from tfx_airflow.parent import die_with_parent
from tfx_airflow.requests import node_request
from tfx_airflow.runner import NodeRunner
from tfx_airflow.summary import describe_result
from tfx_airflow.turns import wait_for_turn
from tfx_contract.compiled import TRAIN, CompiledPipeline, load_package
from tfx_contract.errors import InputError, TfxAirflowError
from tfx_contract.node import NodeRequest, NodeResult, NodeState

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
      pipeline: Which of the model's pipelines.
      package: Folder of the compiled pipeline.
      stall_seconds: How long the node may show no sign of life.
      values_from: The task that gives the pipeline's parameters; left out, the run's form does.
    """

    ui_color = "#fff3e0"

    def __init__(
        self,
        *,
        model: str,
        package: str,
        pipeline: str = TRAIN,
        stall_seconds: float = 600,
        values_from: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.pipeline = pipeline
        self.package = package
        self.stall_seconds = stall_seconds
        self.values_from = values_from
        self._runner: NodeRunner | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Runs the node and returns its result as JSON.

        Raises:
          AirflowSkipException: the node has no part in this run, or decided not to run.
          AirflowRescheduleException: another run of the DAG is under way.
          AirflowFailException: it failed, and a retry would fail in the same way.
          AirflowException: it failed, and a retry may help.
        """
        die_with_parent()
        package = load_package(Path(self.package))
        try:
            request = node_request(self, context, package)
            if not self.upstream_task_ids:
                wait_for_turn(context["ti"], _first_nodes(package.pipelines[self.pipeline]))
            return self._judge(self._run(request))
        except TfxAirflowError as error:
            self._log_line(f"ERROR {type(error).__name__}: {error}")
            kind = AirflowFailException if isinstance(error, InputError) else AirflowException
            raise kind(str(error)) from error

    def on_kill(self) -> None:
        """Ends the node together with the task."""
        if self._runner is not None:
            self._runner.stop()

    def _run(self, request: NodeRequest) -> NodeResult:
        self._runner = NodeRunner()
        return self._runner.run(request, self._log_line)

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


def _first_nodes(pipeline: CompiledPipeline) -> list[str]:
    return [node.id for node in pipeline.nodes if not node.upstream]
