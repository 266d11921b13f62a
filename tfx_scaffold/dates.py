"""Which texts are dates, and in which order their parts stand."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

_SHARE = 0.95
_TIME = r"(?:[T ]+\d{1,2}:\d{2}.*)?"
YEAR_FIRST = rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}"
YEAR_LAST = rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){_TIME}"
_MONTHS = 12


@dataclass(frozen=True)
class DateOrder:
    """`year month day`, `day month year` or `month day year`; and how sure that is."""

    order: str
    doubt: str = ""


def date_order(words: pd.Series) -> DateOrder | None:
    """The order of the parts when nearly all texts are dates.

    Args:
      words: How often each text is there, by the text.
    """
    if _share(words, YEAR_FIRST) >= _SHARE:
        return DateOrder("year month day")
    if _share(words, YEAR_LAST) < _SHARE:
        return None
    parts = words.index.to_series().str.extract(rf"^{YEAR_LAST}$").dropna().astype(int)
    if (parts[0] > _MONTHS).any():
        return DateOrder("day month year")
    if (parts[1] > _MONTHS).any():
        return DateOrder("month day year")
    return DateOrder("month day year", "; no day is above 12, so it may be day first: see DATES")


def _share(words: pd.Series, pattern: str) -> float:
    matches = words.index.str.fullmatch(pattern).astype(bool)
    return float(words[matches].sum() / words.sum())
