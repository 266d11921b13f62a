"""Facts about a node's outputs, for people: the CLI's summary and the task's log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfx.components.util import model_utils
from tfx.types.artifact import Artifact
from tfx.utils import io_utils

from tfx_components.anomaly_gate.anomalies import describe_anomalies
from tfx_components.gain_check.gain import read_gain
from tfx_components.labelled_requests.taken import read_taken
from tfx_components.model_check.executor import read_reasons
from tfx_components.tuned import tuned_values
from tfx_contract.drift_report import REPORT_FILE, DriftReport

Outputs = dict[str, list[Artifact]]


def summarize(component_type: str, outputs: Outputs) -> dict[str, Any]:
    """What there is to say about the outputs of a component of this class; often nothing."""
    summary = _SUMMARIES.get(component_type)
    return summary(outputs) if summary else {}


def _evaluation(outputs: Outputs) -> dict[str, Any]:
    # Here, because TFMA takes seconds to import and only the Evaluator's summary needs it.
    from tfx_components.evaluation import failures, metric_verdicts

    verdicts = metric_verdicts(outputs["evaluation"][0].uri)
    blessings = outputs.get("blessing", [])
    return {
        "metrics": [verdict.model_dump(mode="json") for verdict in verdicts],
        "blessed": any(model_utils.is_model_blessed(blessing) for blessing in blessings),
        "not_blessed_because": failures(verdicts),
    }


def _model_check(outputs: Outputs) -> dict[str, Any]:
    reasons = read_reasons(outputs["blessing"][0].uri)
    return {"blessed": not reasons, "not_blessed_because": reasons}


def _gain(outputs: Outputs) -> dict[str, Any]:
    report = outputs["gain"][0]
    return {"gain": read_gain(report.uri).reason, "held_back": not report.passed}


def _drift(outputs: Outputs) -> dict[str, Any]:
    report = DriftReport.read(Path(outputs["report"][0].uri) / REPORT_FILE)
    return {
        "version": report.version,
        "requests": report.window.requests,
        "drifted": [finding.sentence for finding in report.drifted],
        "anomalies": [f"{anomaly.column}: {anomaly.reason}" for anomaly in report.anomalies],
        "notes": report.notes,
        "newer_data": report.newer_data.description if report.newer_data else None,
    }


def _labelled(outputs: Outputs) -> dict[str, Any]:
    taken = read_taken(outputs["labelled"][0].uri)
    return {
        "labelled": taken.sentence,
        "span": taken.written.span if taken.written else None,
        "malformed": taken.malformed,
    }


def _push(outputs: Outputs) -> dict[str, Any]:
    pushed = outputs["pushed_model"][0]
    version = pushed.get_string_custom_property("pushed_version")
    return {
        "pushed": pushed.get_int_custom_property("pushed") == 1,
        "version": int(version) if version else None,
        "path": pushed.get_string_custom_property("pushed_destination") or None,
        "reason": pushed.get_string_custom_property("reason") or None,
    }


def _anomalies(outputs: Outputs) -> dict[str, Any]:
    return {"anomalies": describe_anomalies(outputs["anomalies"][0])}


def _data(outputs: Outputs) -> dict[str, Any]:
    report = outputs["report"][0]
    return {"rows": report.rows, "report": report.uri, "data_fingerprint": report.data_fingerprint}


def _tuning(outputs: Outputs) -> dict[str, Any]:
    best, results = outputs["best_hyperparameters"][0], outputs["tuner_results"][0]
    return {
        "best_hyperparameters": tuned_values(best.uri),
        "trials": json.loads(io_utils.read_string_file(io_utils.get_only_uri_in_dir(results.uri))),
    }


def _scores(outputs: Outputs) -> dict[str, Any]:
    scores = outputs["scores"][0]
    return {
        "version": scores.version,
        "rows": scores.rows,
        "rows_not_finite": scores.rows_not_finite,
        "path": scores.path,
    }


def _version(outputs: Outputs) -> dict[str, Any]:
    return {"version": outputs["model"][0].get_int_custom_property("version")}


_SUMMARIES: dict[str, Callable[[Outputs], dict[str, Any]]] = {
    "DataGate": _data,
    "DriftDetector": _drift,
    "Evaluator": _evaluation,
    "ExampleValidator": _anomalies,
    "GainCheck": _gain,
    "LabelledRequests": _labelled,
    "ModelCheck": _model_check,
    "ScoreWriter": _scores,
    "Tuner": _tuning,
    "VersionImporter": _version,
    "VersionPusher": _push,
}
