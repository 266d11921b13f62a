"""A window counted on Beam holds what the same window counted in memory does."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest

from tests.tfx.drift_checks import HOUR, START, VERSION, TaxiVersion
from tests.tfx.trips import drawn, read_trips
from tfx_components.distributions.reference import DataSet, Reference
from tfx_components.request_statistics import executor
from tfx_components.request_statistics.counting import WindowStatistics, count_window
from tfx_components.request_statistics.logged_window import LoggedWindow
from tfx_components.request_statistics.on_beam import count_on_beam
from tfx_components.request_statistics.signatures import Asked
from tfx_contract.drift_report import DriftReport
from tfx_contract.drift_spec import Drift
from tfx_request_log.place import log_url

TRIPS = read_trips()
BROKEN = ["{broken", '{"fare": "much"}', "null", "[1]"]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def taxi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TaxiVersion:
    """A version, and an hour of its log: trips of every minute, some damaged, some labelled."""
    monkeypatch.setenv("TFX_AIRFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TFX_AIRFLOW_REQUEST_LOG", raising=False)
    taxi = TaxiVersion(tmp_path, TRIPS)
    random = np.random.default_rng(4)
    for minute in range(60):
        at = START + HOUR + minute * MINUTE
        taxi.ask(drawn(TRIPS, 40, random), 1, logging_time=at)
        taxi.write(BROKEN, ["[0.5]"] * len(BROKEN), 1, logging_time=at)
        taxi.write(["[1]"], ["[0.5]"], 1, logging_time=at, signature="transform_json")
        taxi.write(["[1]"], ["[0.5]"], 1, logging_time=at, version=VERSION + 1)
    ids = [logged.request_id for logged in taxi.log.read("taxi", version=VERSION)]
    taxi.log.set_ground_truth({request_id: request_id % 2 for request_id in ids[::3]})
    return taxi


def normal(statistics: DataSet) -> list[str]:
    """The features by name, without the last digits, which the order of a sum decides."""
    features = sorted(statistics.features, key=lambda feature: feature.path.step[0])
    for feature in features:
        if feature.HasField("num_stats"):
            numbers = feature.num_stats
            numbers.mean, numbers.std_dev = round(numbers.mean, 9), round(numbers.std_dev, 9)
    return [str(statistics.num_examples), *map(str, features)]


def in_memory(taxi: TaxiVersion, reference: Reference, asked: Asked) -> WindowStatistics:
    window = taxi.log.payloads("taxi", START + HOUR, START + 2 * HOUR, VERSION)
    return count_window(window, reference, asked)


def test_the_statistics_are_those_that_are_counted_in_memory(
    taxi: TaxiVersion, tmp_path: Path
) -> None:
    reference = Reference.read(taxi.folder / "reference")
    asked = Asked(frozenset({"serving_json"}), tuple(taxi.columns))
    url = log_url(taxi.folder / "home" / "endpoint")
    window = LoggedWindow(url, "taxi", VERSION, START + HOUR, START + 2 * HOUR)
    ours = count_on_beam(beam.Pipeline(), window, reference, asked, str(tmp_path / "counted"))
    theirs = in_memory(taxi, reference, asked)
    assert normal(ours.rows) == normal(theirs.rows)
    assert normal(ours.predictions) == normal(theirs.predictions)
    assert ours.rows.num_examples == 60 * 40
    mine, other = ours.counted, theirs.counted
    assert sorted(map(str, mine.labelled)) == sorted(map(str, other.labelled))
    assert len(mine.labelled) > 600
    assert (mine.requests, mine.malformed, mine.withheld, mine.others) == (60 * 45, 180, 60, 60)
    assert (other.requests, other.malformed, other.withheld, other.others) == (2_700, 180, 60, 60)


def test_the_parts_of_a_window_are_the_window() -> None:
    window = LoggedWindow("", "taxi", VERSION, START, START + HOUR)
    parts = window.cut(7)
    assert (parts[0].since, parts[-1].until) == (START, START + HOUR)
    assert all(one.until == other.since for one, other in itertools.pairwise(parts))


@pytest.mark.parametrize(("beam_above_rows", "on_beam"), [(2_700, False), (2_699, True)])
def test_windows_of_more_rows_are_counted_on_beam(
    taxi: TaxiVersion, monkeypatch: pytest.MonkeyPatch, beam_above_rows: int, on_beam: bool
) -> None:
    pipelines: list[beam.Pipeline] = []
    monkeypatch.setattr(
        executor.Executor,
        "_make_beam_pipeline",
        lambda _: pipelines.append(beam.Pipeline()) or pipelines[0],
    )
    taxi.drift = Drift(beam_above_rows=beam_above_rows)
    report: DriftReport = taxi.check(1)
    assert bool(pipelines) is on_beam
    assert (report.window.requests, report.window.rows) == (2_700, 2_400)
