"""The drift pipeline of the taxi model, node by node, over a log of what its version was asked."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.tfx.drift_checks import instances_of
from tests.tfx.harness import WorkerProcess
from tests.tfx.model_runs import ModelRuns, failed
from tests.tfx.trips import CSV, drawn, read_trips
from tfx_components.distributions.reference import Reference
from tfx_contract.compiled import DRIFT
from tfx_contract.drift_report import PAGE_FILE, REPORT_FILE, DriftReport
from tfx_contract.drift_spec import DriftKind
from tfx_contract.manifest import REFERENCE_FOLDER
from tfx_contract.node import NodeResult
from tfx_request_log import LoggedRequest, RequestLog
from tfx_request_log.place import log_url

TRIPS = read_trips()
START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
_ids = itertools.count(1)


class Watched:
    """A version of the taxi model that is asked, and checked."""

    def __init__(self, runs: ModelRuns) -> None:
        self.runs = runs
        (self.manifest,) = runs.versions()
        self.folder = runs.home / "models" / runs.name / str(self.manifest.version)
        self.log = RequestLog(log_url(runs.home / "endpoint"))
        self.log.create()

    def ask(self, trips: pd.DataFrame, hour: int, tips: Sequence[float] = ()) -> None:
        """Logs a request for each trip; all are answered alike."""
        columns = list(self.manifest.signature_shapes["serving_json"].inputs)
        rows = [
            LoggedRequest(
                request_id=next(_ids),
                logging_time=START + hour * HOUR,
                endpoint="endpoints/1",
                deployed_model_id="1",
                model=self.runs.name,
                model_version="1",
                version=self.manifest.version,
                signature="serving_json",
                latency_ms=1.0,
                shadow=False,
                request_payload=[json.dumps(instance)],
                response_payload=["[0.2]"],
            )
            for instance in instances_of(trips[[n for n in columns if n in trips]])
        ]
        self.log.append(rows)
        known = zip(rows, tips, strict=False)
        self.log.set_ground_truth({row.request_id: {"tips": tip} for row, tip in known})

    def check(self, hour: int) -> dict[str, NodeResult]:
        since = START + hour * HOUR
        values: dict[str, Any] = {
            "version": self.manifest.version,
            "since": since.isoformat(),
            "until": (since + HOUR).isoformat(),
            "reference": str(self.folder / REFERENCE_FOLDER),
        }
        return self.runs.run(f"hour-{hour}", DRIFT, parameters=values)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, worker: WorkerProcess) -> Watched:
    """A version that was trained quickly."""
    home = tmp_path_factory.mktemp("watched")
    runs = ModelRuns("chicago_taxi", home, worker)
    runs.edit("model.yaml", "steps: 1000", "steps: 100")
    results = runs.run("training")
    assert failed(results) == {}
    assert results["GainCheck"].summary["gain"] == "no model is live that could be beaten"
    return Watched(runs)


def report_of(results: dict[str, NodeResult]) -> DriftReport:
    assert failed(results) == {}
    (report,) = results["DriftDetector"].outputs["report"]
    assert (Path(report.uri) / PAGE_FILE).exists()
    return DriftReport.read(Path(report.uri) / REPORT_FILE)


def test_a_version_keeps_what_its_requests_are_compared_with(watched: Watched) -> None:
    reference = Reference.read(watched.folder / REFERENCE_FOLDER)
    assert reference.rows.num_examples > 9_000
    assert reference.predictions is not None
    assert reference.predictions.num_examples == len(reference.labelled) > 4_000
    assert {label[0] for _, label in reference.labelled} == {0, 1}
    assert watched.manifest.artifacts["reference"].type == "ServingReference"


def test_windows_are_checked_one_after_the_other(watched: Watched) -> None:
    trips = drawn(TRIPS, 1_500, np.random.default_rng(1))
    watched.ask(trips, 1)
    first = watched.check(1)
    report = report_of(first)
    drifted = {(f.kind, f.column) for f in report.drifted}
    # Every answer was the same, which the eval split's are not; nothing else is odd.
    assert drifted == {(DriftKind.PREDICTION, "prediction[0]")}
    assert report.version == watched.manifest.version
    assert report.newer_data is None

    watched.ask(trips.assign(fare=trips.fare * 1.5), 2)
    second = watched.check(2)
    drifted = {(f.kind, f.column) for f in report_of(second).drifted}
    assert {(DriftKind.FEATURE, "fare"), (DriftKind.SKEW, "fare")} <= drifted
    references = [each["Reference"].outputs["result"][0].id for each in (first, second)]
    assert references[0] == references[1]


def test_a_window_without_requests_says_so(watched: Watched) -> None:
    results = watched.check(5)
    assert "found 0" in failed(results)["RequestStatistics"]


def test_a_retraining_that_gains_nothing_pushes_nothing(watched: Watched) -> None:
    results = watched.runs.run("again", parameters={"must_gain": True})
    assert failed(results) == {}
    assert results["GainCheck"].summary["held_back"]
    assert results["Pusher"].summary["reason"].endswith("beat the live one on the newest data")
    assert len(watched.runs.versions()) == 1


def test_labelled_requests_join_the_data_before_the_check_looks_for_newer(
    watched: Watched,
) -> None:
    data = watched.runs.home / "trips"
    data.mkdir()
    shutil.copy(CSV, data)
    package = "package://tfx/examples/chicago_taxi_pipeline/data/simple"
    for old, new in (
        (package, str(data)),
        ("hash: [company]", "hash: []"),
        ("learn_from_log: false", "learn_from_log: true"),
    ):
        watched.runs.edit("model.yaml", old, new)
    watched.runs.compile()
    trips = drawn(TRIPS, 1_000, np.random.default_rng(2))
    watched.ask(trips, 7, tips=trips.tips.tolist())
    results = watched.check(7)
    newer = report_of(results).newer_data
    assert newer is not None
    assert newer.description == "files that changed"
    written = data / "data-2.csv"
    assert results["LabelledRequests"].summary["labelled"] == f"1000 rows written to {written}"
    assert sorted(pd.read_csv(written).tips) == sorted(trips.tips)
    again = watched.check(7)
    assert report_of(again).newer_data == newer
    assert sorted(path.name for path in data.iterdir()) == ["data-2.csv", "data.csv"]
