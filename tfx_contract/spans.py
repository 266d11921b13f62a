"""Spans: the numbered portions in which data arrives, as TFX counts them.

A pattern names a span by `{SPAN}`, a number, or by `{YYYY}`, `{MM}` and `{DD}`, a date, whose
number is the days since 1970-01-01. A `{VERSION}` counts deliveries of a span; the newest is read.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from pydantic import Field

from tfx_contract.errors import InputError
from tfx_contract.record import Record

# TFX counts the spans of dated patterns from here.
EPOCH = date(1970, 1, 1)

_NUMBER = re.compile(r"\{SPAN(:\d+)?\}")
_DATE_PARTS = ("{YYYY}", "{MM}", "{DD}")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_COUNTED = re.compile(r"\{(SPAN|VERSION)(:[1-9]\d*)?\}")
# What may stand for a digit, right before or after a number of any length.
_ENDLESS = r"\{(?:SPAN|VERSION)\}"
_TOUCHING = re.compile(rf"[\d*?\]}}]{_ENDLESS}|{_ENDLESS}[\d*?\[{{]")


class Spans(Record):
    """Which spans a run learns from."""

    lag_days: int = Field(
        default=0,
        description="Days between the day of a run and the day of its span; "
        "1 for a nightly run that takes the day before.",
    )
    zero: date = Field(default=EPOCH, description="Day of span 0, for patterns with `{SPAN}`.")
    window: int = Field(
        default=1, ge=1, description="How many spans to learn from, the run's own being the last."
    )

    def number_of_day(self, day: date, pattern: str) -> int:
        """The span of a calendar day, as `pattern` counts.

        Raises:
          InputError: the day is before span 0.
        """
        zero = self._zero(pattern)
        if day < zero:
            raise InputError(f"Span of {day}: it would be before span 0, the day {zero}.")
        return (day - zero).days

    def day_of_number(self, span: int, pattern: str) -> date:
        """The calendar day of a span."""
        return self._zero(pattern) + timedelta(days=span)

    def of_run(self, moment: datetime, pattern: str) -> int:
        """The span of a run that belongs to `moment`, a time in the model's time zone."""
        return self.number_of_day(moment.date() - timedelta(days=self.lag_days), pattern)

    def parse(self, text: str, pattern: str) -> int:
        """Reads a span that a person names, as a number or a date such as 2026-11-22.

        Raises:
          InputError: it is neither.
        """
        if text.isdecimal():
            return int(text)
        try:
            return self.number_of_day(date.fromisoformat(text), pattern)
        except ValueError:
            raise InputError(
                f"Parameter 'span': found '{text}'; allowed: a span number, "
                "or a date such as 2026-11-22."
            ) from None

    def _zero(self, pattern: str) -> date:
        return EPOCH if is_dated(pattern) else self.zero


def is_dated(pattern: str) -> bool:
    """Whether a pattern names spans by date."""
    return all(part in pattern for part in _DATE_PARTS)


def has_spans(pattern: str) -> bool:
    """Whether a pattern names spans at all."""
    return is_dated(pattern) or bool(_NUMBER.search(pattern))


def check_pattern(pattern: str) -> None:
    """Raises ValueError, saying what is allowed, when a pattern's placeholders make no sense."""
    placeholders = _PLACEHOLDER.findall(pattern)
    for found in placeholders:
        _check_placeholder(found, placeholders)
    dated = [part for part in _DATE_PARTS if part in placeholders]
    if dated and len(dated) < len(_DATE_PARTS):
        raise ValueError(f"has {', '.join(dated)} only; a date needs {{YYYY}}, {{MM}} and {{DD}}")
    if dated and _NUMBER.search(pattern):
        raise ValueError("names spans by number and by date; use {SPAN}, or {YYYY}, {MM} and {DD}")
    if "{VERSION" in pattern and not has_spans(pattern):
        raise ValueError("has a {VERSION} and no span; a version is one of a span")
    if touching := _TOUCHING.search(pattern):
        raise ValueError(
            f"has '{touching.group()}', in which 1 and 11 look alike; put another character "
            "between, or say how many digits there are, such as {SPAN:4}"
        )


def _check_placeholder(found: str, placeholders: list[str]) -> None:
    if found not in _DATE_PARTS and not _COUNTED.fullmatch(found):
        raise ValueError(
            f"has '{found}'; allowed: {{SPAN}}, {{VERSION}}, both also with a number of digits "
            "such as {SPAN:4}, {YYYY}, {MM} and {DD}"
        )
    kind = _kind(found)
    if [_kind(other) for other in placeholders].count(kind) > 1:
        raise ValueError(f"has {{{kind}}} twice; TFX takes each placeholder once")


def _kind(placeholder: str) -> str:
    return placeholder.strip("{}").partition(":")[0]
