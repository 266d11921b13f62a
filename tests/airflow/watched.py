"""A model that is watched: a live version, a log of requests, and a drift pipeline made by hand."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

from tests.airflow.hand_made import NODES, write_model, write_package
from tfx_contract.compiled import CompiledPipeline, NodeRecord
from tfx_contract.deployments import DeploymentEvent, Happened, append_event
from tfx_contract.drift_history import DriftCheck, read_checks
from tfx_contract.drift_report import (
    REPORT_FILE,
    DriftReport,
    Finding,
    Measure,
    NewerData,
    Sample,
    Window,
)
from tfx_contract.drift_spec import DriftKind
from tfx_contract.home import Home
from tfx_contract.manifest import MANIFEST_FILE, REFERENCE_FOLDER
from tfx_contract.parameters import ParameterSpec, ParameterType
from tfx_contract.serving_spec import Target
from tfx_request_log import LoggedRequest, RequestLog
from tfx_request_log.place import log_url

BUNDLE = "dags-folder"
MODEL, VERSION = "taxi", 7
DRIFT = {"check_requests": 100, "min_requests": 100}
PARAMETERS = {
    name: ParameterSpec(type=kind, bind=[f"RequestStatistics.{name}"], default=default)
    for name, kind, default in (
        ("version", ParameterType.INT, 0),
        ("since", ParameterType.STR, ""),
        ("until", ParameterType.STR, ""),
        ("reference", ParameterType.STR, ""),
    )
}
DRIFT_NODES = [
    NodeRecord(id="Reference", type="Importer"),
    NodeRecord(id="RequestStatistics", type="RequestStatistics", upstream=["Reference"]),
    NodeRecord(id="DriftDetector", type="DriftDetector", upstream=["RequestStatistics"]),
]
_ids = itertools.count(1)


class Watched:
    """A home with one model whose checks find what a test says."""

    def __init__(self, home: Home, behaviour: Path) -> None:
        self.home, self.behaviour = home, behaviour
        self.versions, self.checks = home.versions(MODEL), home.checks(MODEL)
        self.now = datetime.now(UTC)

    def compile(self, digest: str = "aaaa1111", **drift: Any) -> Path:
        """Writes the model and its package."""
        write_model(self.home, serving={}, drift={**DRIFT, **drift})
        pipeline = CompiledPipeline(nodes=DRIFT_NODES, parameters=PARAMETERS)
        return write_package(self.home, digest=digest, nodes=NODES, drift=pipeline)

    def dags(self) -> dict[str, DAG]:
        place = self.home.dags
        bag = DagBag(dag_folder=str(place), bundle_path=place, bundle_name=BUNDLE)
        assert bag.import_errors == {}
        return bag.dags

    def go_live(self, hours_ago: float = 1) -> None:
        """The version is promoted."""
        folder = self.versions / str(VERSION)
        (folder / REFERENCE_FOLDER).mkdir(parents=True)
        (folder / MANIFEST_FILE).write_text("{}")
        event = DeploymentEvent(
            version=VERSION,
            happened=Happened.PROMOTED,
            at=(self.now - timedelta(hours=hours_ago)).isoformat(),
            target=Target.LOCAL,
            by="test",
        )
        append_event(self.versions, event)

    def ask(self, requests: int, minutes_ago: float = 10) -> None:
        """Logs requests to the version."""
        self.home.endpoint.mkdir(parents=True, exist_ok=True)
        log = RequestLog(log_url(self.home.endpoint))
        log.create()
        row: dict[str, Any] = {
            "logging_time": self.now - timedelta(minutes=minutes_ago),
            "endpoint": "endpoints/1",
            "deployed_model_id": "1",
            "model": MODEL,
            "model_version": str(VERSION),
            "version": VERSION,
            "signature": "serving_default",
            "latency_ms": 1.0,
            "shadow": False,
            "request_payload": ["1.0"],
            "response_payload": ["1.0"],
        }
        log.append([LoggedRequest(request_id=next(_ids), **row) for _ in range(requests)])
        log.close()

    def finds(self, drifted: bool, newer: NewerData | None = None, **nodes: str) -> None:
        """What the detector of the next check reports; other nodes behave as they are told."""
        report = report_of(drifted, newer)
        folder = self.home.root / "report"
        report.write(folder / REPORT_FILE)
        outputs = {"DriftDetector outputs": {"report": str(folder)}}
        self.behaviour.write_text(json.dumps({**nodes, **outputs}))

    def journal(self) -> list[DriftCheck]:
        return read_checks(self.checks)


def report_of(drifted: bool, newer: NewerData | None = None) -> DriftReport:
    """A report of a window of the last hour, in which the fare may have drifted."""
    now = datetime.now(UTC)
    sample = Sample(values=100, missing=0, shares=[0.5, 0.5])
    finding = Finding(
        kind=DriftKind.SKEW,
        column="fare",
        measure=Measure.NUMBERS,
        distance=0.4 if drifted else 0.01,
        threshold=0.05,
        chance=0.02,
        drifted=drifted,
        edges=[0, 1, 2],
        before=sample,
        after=sample,
    )
    window = Window(
        since=now - timedelta(hours=1),
        until=now - timedelta(minutes=1),
        columns=["fare"],
        requests=100,
        rows=100,
    )
    return DriftReport(
        model=MODEL, version=VERSION, window=window, findings=[finding], newer_data=newer
    )
