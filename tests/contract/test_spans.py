"""Spans: which one a run takes, and which patterns make sense."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from tfx_contract.errors import InputError
from tfx_contract.spans import Spans, check_pattern, has_spans, is_dated

DATED = "{YYYY}-{MM}-{DD}/*.parquet"
NUMBERED = "day-{SPAN:4}/*.csv"


def test_a_dated_pattern_counts_days_since_1970_whatever_zero_is() -> None:
    spans = Spans(zero=date(2026, 1, 1))
    assert spans.number_of_day(date(1970, 1, 2), DATED) == 1
    assert spans.day_of_number(20_000, DATED) == date(2024, 10, 4)


def test_a_numbered_pattern_counts_days_since_zero() -> None:
    spans = Spans(zero=date(2026, 1, 1))
    assert spans.number_of_day(date(2026, 1, 3), NUMBERED) == 2
    assert spans.day_of_number(2, NUMBERED) == date(2026, 1, 3)


def test_a_day_before_span_0_has_no_number() -> None:
    with pytest.raises(
        InputError, match=r"Span of 2025-12-31: .*before span 0, the day 2026-01-01"
    ):
        Spans(zero=date(2026, 1, 1)).number_of_day(date(2025, 12, 31), NUMBERED)


def test_the_span_of_a_run_is_the_day_in_the_model_s_time_zone() -> None:
    moment = datetime(2026, 11, 22, 3, tzinfo=ZoneInfo("UTC"))
    chicago = moment.astimezone(ZoneInfo("America/Chicago"))
    spans = Spans(zero=date(2026, 11, 1))
    assert spans.of_run(moment, NUMBERED) == 21
    assert spans.of_run(chicago, NUMBERED) == 20


def test_lag_takes_an_earlier_day() -> None:
    moment = datetime(2026, 3, 1, 2, tzinfo=ZoneInfo("UTC"))
    spans = Spans(lag_days=1)
    assert spans.day_of_number(spans.of_run(moment, DATED), DATED) == date(2026, 2, 28)


def test_people_name_a_span_by_number_or_date() -> None:
    assert Spans().parse("12", NUMBERED) == 12
    assert Spans().parse("1970-01-13", NUMBERED) == 12


@pytest.mark.parametrize("text", ["yesterday", "-1", "2026-13-01", "1.5", ""])
def test_anything_else_is_no_span(text: str) -> None:
    with pytest.raises(InputError, match=r"Parameter 'span': found .*allowed: a span number"):
        Spans().parse(text, NUMBERED)


@pytest.mark.parametrize(
    "pattern",
    [
        "*.csv",
        "span-{SPAN}/*.csv",
        "span-{SPAN:3}*",
        "{SPAN:3}{VERSION:2}.csv",
        "{YYYY}{MM}{DD}*.csv",
        "{YYYY}/{MM}/{DD}/v{VERSION}/*",
    ],
)
def test_patterns_that_make_sense(pattern: str) -> None:
    check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "mistake"),
    [
        ("{YYYY}-{MM}/*", r"has \{YYYY\}, \{MM\} only; a date needs"),
        ("{SPAN}/{YYYY}{MM}{DD}/*", "by number and by date"),
        ("v{VERSION}/*", r"has a \{VERSION\} and no span"),
        ("{SPAN}/{SPAN:2}.csv", r"has \{SPAN\} twice"),
        ("{YYYY}/{YYYY}{MM}{DD}.csv", r"has \{YYYY\} twice"),
        ("{SPAN:0}/*", r"has '\{SPAN:0\}'; allowed: \{SPAN\}, \{VERSION\}"),
        ("{span}/*", r"has '\{span\}'; allowed"),
        ("{YYYYMMDD}/*", r"has '\{YYYYMMDD\}'; allowed"),
        ("span-{SPAN}*.csv", r"has '\{SPAN\}\*', in which 1 and 11 look alike"),
        ("*{SPAN}.csv", r"has '\*\{SPAN\}', in which 1 and 11 look alike"),
        ("v2{SPAN}.csv", r"has '2\{SPAN\}', in which 1 and 11 look alike"),
        ("{SPAN}{VERSION}.csv", r"in which 1 and 11 look alike"),
    ],
)
def test_a_pattern_that_makes_no_sense_is_refused(pattern: str, mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake):
        check_pattern(pattern)


def test_what_has_spans_and_what_has_dates() -> None:
    assert has_spans(DATED)
    assert has_spans(NUMBERED)
    assert not has_spans("*.csv")
    assert is_dated(DATED)
    assert not is_dated(NUMBERED)
