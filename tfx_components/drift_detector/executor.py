"""Compares, judges, and writes the report and its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from absl import logging
from pydantic import TypeAdapter
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from tfx_components.distributions.reference import Reference
from tfx_components.drift_detector.checking import Check
from tfx_components.newer_data import Labelled, find_newer
from tfx_components.request_statistics.files import RequestFiles
from tfx_components.version_pusher.request import context_of
from tfx_contract.drift_report import PAGE_FILE, REPORT_FILE, DriftReport
from tfx_contract.drift_spec import Drift
from tfx_contract.serving_spec import RequestLog
from tfx_contract.training_spec import Threshold

_METRICS = TypeAdapter(dict[str, Threshold])


class Executor(base_executor.BaseExecutor):
    """DriftDetector's work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the report and its page; a drift does not fail the node."""
        statistics = artifact_utils.get_single_instance(input_dict["statistics"])
        output = artifact_utils.get_single_instance(output_dict["report"])
        context = context_of(self._context, output.uri)
        data = Labelled.model_validate_json(exec_properties["data"])
        check = Check(
            requests=RequestFiles.read(Path(statistics.uri)),
            reference=Reference.read(Path(artifact_utils.get_single_uri(input_dict["reference"]))),
            previous=_previous(input_dict, statistics),
            drift=Drift.model_validate_json(exec_properties["drift"]),
            log=RequestLog.model_validate_json(exec_properties["log"]),
            metrics=_METRICS.validate_json(exec_properties["metrics"]),
            label=str(exec_properties["label"]),
            newer_data=find_newer(data, context.manifest(statistics.version)),
        )
        report = check.report(context.model, statistics.version)
        report.write(Path(output.uri) / REPORT_FILE)
        _draw(report, _earlier(input_dict, report), Path(output.uri) / PAGE_FILE)
        output.drifted = int(bool(report.drifted))
        _log(report)


def _previous(inputs: dict[str, list[Artifact]], current: Artifact) -> RequestFiles | None:
    """The newest window before this one; one of another version is counted in other bins."""
    before = [
        artifact
        for artifact in inputs.get("previous") or []
        if artifact.version == current.version
        and artifact.until <= current.since
        and Path(artifact.uri).exists()
    ]
    if not before:
        return None
    return RequestFiles.read(Path(max(before, key=lambda artifact: artifact.until).uri))


def _earlier(inputs: dict[str, list[Artifact]], report: DriftReport) -> list[DriftReport]:
    """Reports of the windows before, the oldest first; of a window that has several, the newest.

    Distances of another version are from another reference.
    """
    by_window = {}
    # What somebody cleared away is missing from the lines, and no more.
    kept = [each for each in inputs.get("earlier") or [] if Path(each.uri).exists()]
    for artifact in sorted(kept, key=lambda artifact: artifact.id):
        other = DriftReport.read(Path(artifact.uri) / REPORT_FILE)
        is_same = (other.model, other.version) == (report.model, report.version)
        if is_same and other.window.until <= report.window.since:
            by_window[other.window.since, other.window.until] = other
    return sorted(by_window.values(), key=lambda other: other.window.until)


def _draw(report: DriftReport, earlier: list[DriftReport], path: Path) -> None:
    # Here, because importing Altair takes seconds that compiling must not spend.
    from tfx_components.drift_detector.page import write_page

    write_page(report, earlier, path)


def _log(report: DriftReport) -> None:
    for finding in report.drifted:
        logging.warning("Drifted (%s): %s", finding.kind, finding.sentence)
    for anomaly in report.anomalies:
        logging.warning("Anomaly: %s: %s", anomaly.column, anomaly.reason)
    if not report.drifted:
        logging.info("Nothing drifted in %d rows", report.window.rows)
