"""A version of the taxi model without the model: its reference, its log, and checks of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow_data_validation as tfdv
from tfx.proto.orchestration import pipeline_pb2
from tfx.types.artifact import Artifact

from tests.tfx.trips import batch_of
from tfx_components import artifacts
from tfx_components.distributions.reference import Reference
from tfx_components.distributions.statistics import reference_statistics
from tfx_components.drift_detector.executor import Executor as Detector
from tfx_components.newer_data import Labelled
from tfx_components.request_statistics.executor import Executor as Counter
from tfx_components.request_statistics.predictions import prediction_rows
from tfx_contract.compiled import CodeOrigin
from tfx_contract.drift_report import REPORT_FILE, DriftReport
from tfx_contract.drift_spec import Drift
from tfx_contract.manifest import (
    MANIFEST_FILE,
    SignatureShape,
    TensorShape,
    VersionManifest,
)
from tfx_contract.node import Run
from tfx_contract.serving_spec import RequestLog as LogRules
from tfx_request_log import LoggedRequest, RequestLog
from tfx_request_log.place import log_url

VERSION = 7
START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
_ids = itertools.count(1)


def scores_of(trips: pd.DataFrame, seed: int = 0) -> list[list[float]]:
    """What a model might answer: high for dear trips, in the shape of one output."""
    noise = np.random.default_rng(seed).normal(0, 1, len(trips))
    scores = 1 / (1 + np.exp(-(trips.fare.fillna(0) / 10 - 1 + noise)))
    return [[float(score)] for score in scores]


def tips_of(trips: pd.DataFrame, seed: int = 0) -> list[int]:
    """What turned out to be true of trips: dear ones were often tipped well."""
    chances = np.array(scores_of(trips, seed + 100)).ravel()
    drawn = np.random.default_rng(seed).random(len(trips))
    tips: list[int] = (drawn < chances).astype(int).tolist()
    return tips


def instances_of(trips: pd.DataFrame) -> list[dict[str, Any]]:
    """Trips as a client sends them."""
    rows: list[dict[str, Any]] = json.loads(trips.to_json(orient="records"))
    return rows


@dataclass
class TaxiVersion:
    """One version, in a folder of its own."""

    folder: Path
    training: pd.DataFrame
    log_rules: LogRules = field(default_factory=LogRules)
    drift: Drift = field(default_factory=Drift)
    checked: list[Artifact] = field(default_factory=list)
    reports: list[Artifact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.data = self.folder / "data"
        self.data.mkdir()
        self.columns = batch_of(self.training).schema.names
        rows = reference_statistics([batch_of(self.training)])
        predictions = reference_statistics([prediction_rows(scores_of(self.training))])
        labelled = list(zip(scores_of(self.training), tips_of(self.training), strict=True))
        Reference(
            tfdv.infer_schema(rows), rows.datasets[0], predictions.datasets[0], labelled
        ).write(self.folder / "reference")
        manifest_of(self.columns).write(
            self.folder / "root" / "versions" / str(VERSION) / MANIFEST_FILE
        )
        self.log = RequestLog(log_url(self.folder / "home" / "endpoint"))
        self.log.create()

    def ask(self, trips: pd.DataFrame, hour: int, tips: Sequence[Any] = (), **changes: Any) -> None:
        """Logs a request for each trip, all of one hour, and what turned out to be true."""
        columns = trips[[name for name in self.columns if name in trips]]
        self.write(
            [json.dumps(row) for row in instances_of(columns)],
            [json.dumps(score) for score in scores_of(trips, seed=hour + 1)],
            hour,
            tips,
            **changes,
        )

    def write(
        self,
        instances: Sequence[str],
        predictions: Sequence[str],
        hour: int,
        tips: Sequence[Any] = (),
        **changes: Any,
    ) -> None:
        """Logs requests of one instance each."""
        values: dict[str, Any] = {
            "logging_time": START + hour * HOUR,
            "endpoint": "projects/p/locations/l/endpoints/1",
            "deployed_model_id": "d1",
            "model": "taxi",
            "model_version": "1",
            "version": VERSION,
            "signature": "serving_json",
            "latency_ms": 1.0,
            "shadow": False,
            **changes,
        }
        rows = [
            LoggedRequest(
                request_id=next(_ids),
                request_payload=[instance],
                response_payload=[prediction],
                **values,
            )
            for instance, prediction in zip(instances, predictions, strict=True)
        ]
        self.log.append(rows)
        known = zip(rows, tips, strict=False)
        self.log.set_ground_truth({row.request_id: tip for row, tip in known})

    def check(self, hour: int) -> DriftReport:
        """Counts one hour's requests, and compares them with the reference and the last check."""
        statistics = self._output(artifacts.RequestStatistics(), f"Counter/statistics/{hour}")
        since = START + hour * HOUR
        Counter(self._context("Counter")).Do(
            {"reference": [self._reference()]},
            {"statistics": [statistics]},
            {
                "version": VERSION,
                "since": since.isoformat(),
                "until": (since + HOUR).isoformat(),
                "signature": "serving_default",
                "beam_above_rows": self.drift.beam_above_rows,
            },
        )
        report = self._output(artifacts.DriftReport(), f"Detector/report/{hour}")
        Detector(self._context("Detector")).Do(
            {
                "statistics": [statistics],
                "reference": [self._reference()],
                "previous": [*self.checked, statistics],
                "earlier": self.reports,
            },
            {"report": [report]},
            {
                "drift": self.drift.model_dump_json(),
                "log": self.log_rules.model_dump_json(),
                "metrics": json.dumps({"AUC": {"may_worsen_by": 0.05}, "ExampleCount": {}}),
                "label": "tips_xf",
                "data": Labelled(uri=str(self.data), pattern="*.csv").model_dump_json(),
            },
        )
        self.checked.append(statistics)
        self.reports.append(report)
        found = DriftReport.read(Path(report.uri) / REPORT_FILE)
        assert report.drifted == bool(found.drifted)
        return found

    def file(self, report: DriftReport, number: int) -> None:
        """Keeps a report that no check made here, as MLMD's artifact of that number."""
        artifact = self._output(artifacts.DriftReport(), f"Detector/report/of {number}")
        artifact.id = number
        report.write(Path(artifact.uri) / REPORT_FILE)
        self.reports.insert(0, artifact)

    def _reference(self) -> Artifact:
        reference = artifacts.ServingReference()
        reference.uri = str(self.folder / "reference")
        return reference

    def _output(self, artifact: Artifact, place: str) -> Artifact:
        artifact.uri = str(self.folder / "root" / place)
        return artifact

    def _context(self, node: str) -> Any:
        return Counter.Context(
            tmp_dir=str(self.folder / "scratch"),
            unique_id=node,
            pipeline_node=pipeline_pb2.PipelineNode(node_info=pipeline_pb2.NodeInfo(id=node)),
            pipeline_info=pipeline_pb2.PipelineInfo(id="taxi"),
            pipeline_run_id="monday",
        )


def manifest_of(columns: Sequence[str]) -> VersionManifest:
    """Of a version that takes these columns."""
    column = TensorShape(dtype="string", shape=[None])
    score = {"probability": TensorShape(dtype="float32", shape=[None, 1])}
    shapes = {
        "serving_default": SignatureShape(inputs={"examples": column}, outputs=score),
        "serving_json": SignatureShape(inputs=dict.fromkeys(columns, column), outputs=score),
        "serving_transformed": SignatureShape(inputs={"fare_xf": column}, outputs=score),
        "transform_json": SignatureShape(
            inputs=dict.fromkeys(columns, column), outputs={"fare_xf": column}
        ),
    }
    return VersionManifest(
        model="taxi",
        version=VERSION,
        model_fingerprint="f" * 64,
        created_at="2026-11-01T00:00:00+00:00",
        run=Run(dag_id="taxi", run_id="sunday"),
        pipeline_digest="aaaa1111",
        modules_digest="bbbb2222",
        origin=CodeOrigin(),
        data=[],
        artifacts={},
        executions={},
        hyperparameters={},
        parameters={},
        metrics=[],
        signatures=list(shapes),
        signature_shapes=shapes,
    )
