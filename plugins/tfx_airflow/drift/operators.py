"""The tasks of a drift check around its pipeline: thin, and each may be killed and tried again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from tfx_airflow.drift.following import Circumstances, Conclusion, conclude
from tfx_airflow.drift.link import DriftReportLink, address_of
from tfx_airflow.drift.tasks import CONCLUDE, DETECTOR, REPORT, WAIT
from tfx_airflow.drift.triggers import WindowTrigger
from tfx_contract.compiled import load_package
from tfx_contract.drift_history import DriftCheck, Followed, append_check, last_retraining
from tfx_contract.drift_report import REPORT_FILE, DriftReport
from tfx_contract.drift_spec import Drift
from tfx_contract.home import Home
from tfx_contract.model_spec import StandardModelSpec
from tfx_contract.node import NodeResult
from tfx_contract.parameters import RunOption

if TYPE_CHECKING:
    from airflow.sdk import Context

_POLL_SECONDS = 5.0
_NOT_ENDED = ["queued", "running"]
# The same data again, or other data that teaches nothing, gives no better model.
_MUST_GAIN = "must_gain"


class DriftOperator(BaseOperator):
    """A task of a model's drift check.

    Args:
      model: The model's name.
      package: Folder of the compiled pipeline, which holds the model's `drift`.
    """

    ui_color = "#f3e5f5"

    def __init__(self, *, model: str, package: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.package = package

    @property
    def drift(self) -> Drift:
        """`drift` of the model's `model.yaml`, as it was compiled."""
        return drift_of(self.package)


class WaitForRequests(DriftOperator):
    """Waits for a window of requests that is worth a check; gives the parameters of the nodes."""

    def execute(self, context: Context) -> NoReturn:
        """Defers; the triggerer looks, and no slot is held."""
        trigger = WindowTrigger(
            self.model, self.package, self.drift.model_dump(mode="json"), _POLL_SECONDS
        )
        self.defer(trigger=trigger, method_name="found")
        raise AssertionError("deferring raises")

    def found(self, context: Context, event: dict[str, Any] | None) -> dict[str, Any]:
        """The window.

        Raises:
          AirflowSkipException: the model was compiled anew while this run waited.
        """
        from tfx_airflow.drift.windows import reference_of

        if event is None:
            raise AirflowSkipException("The model was compiled anew; the next run waits on.")
        versions = Home.from_environment().versions(self.model)
        return {**event, "reference": str(reference_of(versions, event["version"]))}


class Conclude(DriftOperator):
    """Decides what follows from the report, and alerts whoever has to know."""

    operator_extra_links = (DriftReportLink(),)
    report_address = ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Gives the conclusion, and the address of the report."""
        from tfx_airflow.drift.alerts import Alert, send

        report, folder = report_of(context), report_file(context).parent
        conclusion = conclude(report, self.drift, self._circumstances(context, report))
        self.log.info("%s: %s", conclusion.followed, conclusion.reason)
        self.report_address = address_of(context["dag_run"].dag_id, folder)
        if conclusion.followed is not Followed.NOTHING:
            alert = Alert.of(report, conclusion, self.report_address or str(folder))
            send(alert, self.drift.alerts, context, self.log)
        return {"followed": conclusion.followed.value, "reason": conclusion.reason}

    def _circumstances(self, context: Context, report: DriftReport) -> Circumstances:
        checks = Home.from_environment().checks(self.model)
        return Circumstances(
            now=datetime.now(UTC),
            last_retraining=last_retraining(checks),
            under_way=context["ti"].get_dr_count(self.model, states=_NOT_ENDED) > 0,
            newer_data=report.newer_data.description if report.newer_data else None,
        )


class Retrain(TriggerDagRunOperator):
    """Starts the training DAG, once for a window, however often it is tried.

    Args:
      model: The model's name.
    """

    def __init__(self, *, model: str, **kwargs: Any) -> None:
        super().__init__(trigger_dag_id=model, skip_when_already_exists=True, **kwargs)
        self.model = model

    def execute(self, context: Context) -> Any:
        """Starts it on the newest span, if that is what follows.

        Raises:
          AirflowSkipException: something else follows, or it was started before.
        """
        conclusion = conclusion_of(context)
        if conclusion.followed is not Followed.RETRAINING:
            raise AirflowSkipException(conclusion.reason)
        report = report_of(context)
        span = report.newer_data.span if report.newer_data else None
        self.trigger_run_id = retraining_of(context)
        self.conf = {
            RunOption.REASON.value: conclusion.reason,
            _MUST_GAIN: True,
            **({} if span is None else {RunOption.SPAN.value: span}),
        }
        self.note = conclusion.reason
        return super().execute(context)


class Record(DriftOperator):
    """Writes the check down. From then on its window is never checked again."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Adds the line.

        Raises:
          AirflowSkipException: there was no window.
        """
        if context["ti"].xcom_pull(task_ids=WAIT) is None:
            raise AirflowSkipException("There was no window to check.")
        check = self._check(context)
        if not append_check(Home.from_environment().checks(self.model), check):
            self.log.warning("The window from %s was checked before.", check.since)
        return check.model_dump(mode="json")

    def _check(self, context: Context) -> DriftCheck:
        report, conclusion, run = report_of(context), conclusion_of(context), context["dag_run"]
        window = context["ti"].xcom_pull(task_ids=WAIT)
        started = self._was_started(context)
        # A person may have said no to a retraining, and a run that was killed have started one.
        declined = conclusion.followed is Followed.RETRAINING and not started
        followed = Followed.RETRAINING if started else conclusion.followed
        return DriftCheck(
            version=report.version,
            since=datetime.fromisoformat(window["since"]),
            until=datetime.fromisoformat(window["until"]),
            requests=report.window.requests,
            drifted=list(dict.fromkeys(finding.column for finding in report.drifted)),
            followed=Followed.ALERT if declined else followed,
            reason=conclusion.reason + (" A person declined it." if declined else ""),
            report=str(report_file(context).parent),
            retraining=started,
            by=f"{run.dag_id}/{run.run_id}",
        )

    def _was_started(self, context: Context) -> str | None:
        run_id = retraining_of(context)
        found = context["ti"].get_dr_count(self.model, run_ids=[run_id])
        return run_id if found else None


def drift_of(package: str) -> Drift:
    """`drift` of the model's `model.yaml`, as it was compiled."""
    spec = load_package(Path(package)).spec
    assert isinstance(spec, StandardModelSpec), "only a standard model has a drift pipeline"
    assert spec.drift is not None, "a model without 'drift' has no drift pipeline"
    return spec.drift


def report_file(context: Context) -> Path:
    """Where the detector of this run wrote its report."""
    result = NodeResult.model_validate(context["ti"].xcom_pull(task_ids=DETECTOR))
    return Path(result.outputs[REPORT][0].uri) / REPORT_FILE


def report_of(context: Context) -> DriftReport:
    """What the detector of this run found."""
    return DriftReport.read(report_file(context))


def conclusion_of(context: Context) -> Conclusion:
    """What this run concluded."""
    found = context["ti"].xcom_pull(task_ids=CONCLUDE)
    return Conclusion(Followed(found["followed"]), found["reason"])


def retraining_of(context: Context) -> str:
    """The id of the training run that the window of this run may start: always the same."""
    window = context["ti"].xcom_pull(task_ids=WAIT)
    return f"drift__version_{window['version']}__{window['since']}"
