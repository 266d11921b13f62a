"""The span that each run of a schedule learns from, through every change of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction

from tests.airflow.hand_made import write_model, write_package
from tests.airflow.test_dags import parse
from tfx_airflow.options import span_of_run
from tfx_contract.compiled import CompiledPipeline
from tfx_contract.errors import InputError
from tfx_contract.home import Home
from tfx_contract.model_spec import ModelSpec

DATED = "day-{YYYY}-{MM}-{DD}/*.csv"
# Every clock of these zones changes within one of these windows.
WINDOWS = [(date(2025, 3, 1), 42), (date(2025, 9, 28), 42)]


def spec(**changes: Any) -> ModelSpec:
    return ModelSpec.model_validate({"timezone": "America/Chicago", **changes})


def day_of(pattern: str, moment: datetime, **changes: Any) -> date:
    pipeline = CompiledPipeline(nodes=[], parameters={}, pattern=pattern)
    span = span_of_run(pipeline, spec(**changes), None, moment)
    assert span is not None
    return spec(**changes).spans.day_of_number(span, pattern)


@pytest.mark.parametrize("zone", ["America/Chicago", "Europe/Zurich", "Australia/Lord_Howe"])
@pytest.mark.parametrize("hour", ["0 0", "30 1", "30 2", "0 3", "59 23"])
def test_every_day_has_one_run_and_every_run_its_own_span(home: Home, zone: str, hour: str) -> None:
    for start, count in WINDOWS:
        write_model(home, schedule=f"{hour} * * *", timezone=zone, start_date=start, catchup=True)
        write_package(home)
        moments = _ticks(parse(home).dags["taxi"], count)
        days = [day_of(DATED, moment, timezone=zone) for moment in moments]
        assert days == [start + timedelta(days=n) for n in range(count)]


def _ticks(dag: DAG, count: int) -> list[datetime]:
    """The logical dates that Airflow's scheduler would give the runs of a catch-up."""
    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    restriction = TimeRestriction(earliest=stored.start_date, latest=None, catchup=True)
    found: list[datetime] = []
    last = None
    while len(found) < count:
        info = stored.timetable.next_dagrun_info(
            last_automated_data_interval=last, restriction=restriction
        )
        assert info is not None
        assert info.logical_date is not None
        found.append(info.logical_date)
        last = info.data_interval
    return found


def test_the_span_is_of_the_day_in_the_models_time_zone() -> None:
    late = datetime(2026, 3, 8, 4, tzinfo=UTC)
    assert day_of(DATED, late) == date(2026, 3, 7)
    assert day_of(DATED, late, timezone="UTC") == date(2026, 3, 8)


def test_a_nightly_run_may_take_the_day_before() -> None:
    night = datetime(2026, 3, 8, 2, 30, tzinfo=ZoneInfo("Europe/Zurich"))
    spans = {"lag_days": 1}
    assert day_of(DATED, night, timezone="Europe/Zurich", spans=spans) == date(2026, 3, 7)


def test_numbered_spans_count_from_a_day_of_the_models() -> None:
    pipeline = CompiledPipeline(nodes=[], parameters={}, pattern="span-{SPAN}/*")
    model = spec(spans={"zero": "2026-11-01"})
    moment = datetime(2026, 11, 4, 12, tzinfo=UTC)
    assert span_of_run(pipeline, model, None, moment) == 3
    assert span_of_run(pipeline, model, "7", moment) == 7
    assert span_of_run(pipeline, model, 7, moment) == 7
    assert span_of_run(pipeline, model, "2026-11-02", moment) == 1


def test_a_span_that_is_neither_number_nor_date_is_refused() -> None:
    pipeline = CompiledPipeline(nodes=[], parameters={}, pattern=DATED)
    with pytest.raises(InputError, match="'span': found 'yesterday'; allowed: a span number"):
        span_of_run(pipeline, spec(), "yesterday", datetime.now(UTC))


def test_a_pipeline_without_spans_has_none() -> None:
    pipeline = CompiledPipeline(nodes=[], parameters={})
    assert span_of_run(pipeline, spec(), None, datetime.now(UTC)) is None
