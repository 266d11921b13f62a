"""The replay of the taxi trips says what its page says."""

from __future__ import annotations

from pathlib import Path

from bench.taxi_replay import distances, flags, replay, windows_of
from tests.tfx.trips import read_trips
from tfx_contract.drift_spec import Thresholds

PAGE = Path(__file__).parents[2] / "docs" / "drift-on-taxi-trips.md"


def test_the_tables_of_the_page_are_those_that_the_command_prints() -> None:
    replayed = list(replay(read_trips(), Thresholds()))
    page = PAGE.read_text()
    assert flags(replayed) in page
    assert distances(replayed) in page


def test_a_season_that_never_drifts_leaves_what_the_page_says_remains() -> None:
    replayed = replay(read_trips(), Thresholds(columns={"trip_start_month": None}))
    flagged = [finding.column for judged in replayed for finding in judged.flagged]
    assert flagged == ["payment_type"] * 3


def test_every_trip_is_in_one_window_and_each_window_is_large_enough() -> None:
    trips = read_trips()
    sizes = [len(window.trips) for window in windows_of(trips, 1_000)]
    assert sum(sizes) == len(trips)
    assert min(sizes) >= 1_000
    (whole,) = windows_of(trips, 10_000)
    assert whole.name == "2013 Q1 to 2016 Q4"
