"""How a drift report is put into words, for its page."""

from __future__ import annotations

import math
import unicodedata
from datetime import UTC, datetime

from markupsafe import Markup

from tfx_contract.drift_report import DriftReport, Finding, Measure, MetricFinding, Sample
from tfx_contract.drift_spec import DriftKind

# What lies on either side of a comparison.
SIDES = {
    DriftKind.SKEW: ("training data", "this window"),
    DriftKind.FEATURE: ("window before", "this window"),
    DriftKind.PREDICTION: ("eval split", "this window"),
    DriftKind.PERFORMANCE: ("eval split", "this window"),
}
MEASURES = {
    Measure.NUMBERS: "numbers",
    Measure.CATEGORIES: "categories",
    Measure.MISSING: "missing values",
}
_UNKNOWN = "unknown"
_REPLACED = "\N{REPLACEMENT CHARACTER}"


def headline(report: DriftReport) -> str:
    """What the check found, in a sentence."""
    compared = len(report.findings) + len(report.metrics)
    if not compared:
        return "Nothing was compared."
    if not report.drifted:
        return f"Nothing drifted: of {counted(compared, 'comparison')}, none is beyond its limits."
    worst = f"{shortened(report.drifted[0].column)} ({report.drifted[0].kind})"
    if len(report.drifted) == 1:
        return f"1 thing drifted: {worst}."
    return f"{len(report.drifted):,} things drifted; the worst is {worst}."


def verdict(finding: Finding | MetricFinding) -> str:
    """Whether it drifted, and if not, why not."""
    if isinstance(finding, Finding):
        distance, limit = finding.distance, finding.threshold
    else:
        distance, limit = finding.worse_by, finding.may_worsen_by
    if finding.drifted:
        return "▲ drifted"
    if limit is None:
        return "not judged"
    return "no drift" if distance <= limit else "may be chance"


def described(finding: Finding) -> str:
    """What a chart of both samples shows, for who cannot see it."""
    before, after = SIDES[finding.kind]
    what = {
        Measure.NUMBERS: "share of the values in each bin",
        Measure.CATEGORIES: "share of each value",
        Measure.MISSING: "share of the rows without a value",
    }[finding.measure]
    changes = "".join(
        f" Most changed: {shortened(c.value)}, from {percent(c.before)} to {percent(c.after)}."
        for c in finding.changes[:1]
    )
    return f"Bar chart of {shortened(finding.column)}: {what}, {before} and {after}.{changes}"


def brief(text: str, most: int = 60) -> Markup:
    """A text in so many characters; the title holds all of it."""
    if len(text) <= most:
        return Markup("<bdi>{}</bdi>").format(text or "(empty)")
    return Markup('<bdi title="{}">{}</bdi>').format(text, shortened(text, most))


def shortened(text: str, most: int = 60) -> str:
    """A text in one line and so many characters, all of which can be drawn."""
    line = " ".join(text[: 2 * most].split())
    line = "".join(c if _can_be_drawn(c) else _REPLACED for c in line)
    return line if len(line) <= most and len(text) <= 2 * most else f"{line[: most - 1]}…"


def counted(number: int, noun: str) -> str:
    """`1 thing`, `2 things`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(sample: Sample, measure: Measure) -> str:
    """How much a sample holds of what was measured."""
    is_missing = measure is Measure.MISSING
    return f"{sample.missing:,} missing" if is_missing else counted(sample.values, "value")


def percent(share: float) -> str:
    """A share, as a reader expects it."""
    return f"{share:.1%}" if math.isfinite(share) else _UNKNOWN


def number(value: float | None, form: str = ".3f") -> str:
    """A number, if there is one."""
    if value is None:
        return "none"
    return format(value, form) if math.isfinite(value) else _UNKNOWN


def moment(time: datetime) -> str:
    """A time that reads the same everywhere."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _can_be_drawn(character: str) -> bool:
    # XML allows no control characters, and vl-convert, which writes XML, aborts the process.
    # Format characters join the letters of some scripts.
    return character.isprintable() or unicodedata.category(character) == "Cf"
