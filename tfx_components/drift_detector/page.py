"""The page of a drift report: one HTML file that opens without a network and without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tfx_components.drift_detector import wording
from tfx_components.drift_detector.bars import drawn_shorter
from tfx_components.drift_detector.charts import distributions, over_time
from tfx_contract.drift_report import DriftReport, Finding, Measure, MetricFinding
from tfx_contract.drift_spec import DriftKind
from tfx_contract.record import write_atomically

_MOST_LISTED = 10
_LEAST_ROWS, _MOST_ROWS = 10, 25
_MOST_PREDICTIONS = 10
_MOST_DRAWN = 40


@dataclass(frozen=True)
class Drawn:
    """Findings that have a chart, and how many more have none."""

    findings: Sequence[Finding]
    left_out: int

    @classmethod
    def of(cls, findings: Sequence[Finding], most: int) -> Drawn:
        """The first of some findings."""
        return cls(findings[:most], len(findings[most:]))


def write_page(report: DriftReport, earlier: Sequence[DriftReport], path: Path) -> None:
    """Writes the page of a report.

    Args:
      report: What was found.
      earlier: Reports of the same model, the oldest first.
      path: The file.
    """
    write_atomically(path, _page(report, earlier))


def _page(report: DriftReport, earlier: Sequence[DriftReport]) -> str:
    findings = sorted(report.findings, key=lambda each: (not each.drifted, -each.excess))
    drifted = [each for each in findings if each.drifted]
    calm = [each for each in findings if not each.drifted]
    predictions = [each for each in calm if _is_prediction(each)][:_MOST_PREDICTIONS]
    others = [each for each in calm if each.distance and each not in predictions]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            findings=findings,
            drifted=Drawn.of(drifted, _MOST_DRAWN),
            predictions=predictions,
            others=Drawn.of(others, max(0, _MOST_DRAWN - len(drifted))),
            reports=[*earlier, report],
            most_listed=_MOST_LISTED,
            most_rows=min(_MOST_ROWS, max(_LEAST_ROWS, len(drifted))),
        )
    )


def _is_prediction(finding: Finding) -> bool:
    return finding.kind is DriftKind.PREDICTION and finding.measure is not Measure.MISSING


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    said = (wording.brief, wording.counted, wording.moment, wording.number, wording.percent)
    environment.filters |= {function.__name__: function for function in (*said, wording.size)}
    shown = (distributions, drawn_shorter, wording.headline, wording.verdict)
    environment.globals |= {function.__name__: function for function in shown}
    environment.globals |= {
        "distances": _distances,
        "values": _values,
        "MEASURES": wording.MEASURES,
        "SIDES": wording.SIDES,
    }
    return environment


def _distances(finding: Finding, reports: Sequence[DriftReport]) -> Markup | None:
    """How far apart a column lay in each check; None when this is the first that measured it."""
    measured = finding.kind, finding.column, finding.measure
    points = [
        (report.window.until, each.distance)
        for report in reports
        for each in report.findings
        if (each.kind, each.column, each.measure) == measured
    ]
    limit = finding.threshold
    rule = None if limit is None else (f"threshold {limit:g}", limit)
    return over_time(points, "distance", rule, from_zero=True) if len(points) > 1 else None


def _values(metric: MetricFinding, reports: Sequence[DriftReport]) -> Markup:
    """A metric of each check, and of the eval split."""
    points = [
        (report.window.until, each.after)
        for report in reports
        for each in report.metrics
        if each.metric == metric.metric
    ]
    return over_time(points, metric.metric, ("eval split", metric.before), from_zero=False)
