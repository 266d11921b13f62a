"""The charts of a drift report's page, as SVG: they need neither a script nor the network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

from tfx_components.drift_detector.bars import AFTER, BEFORE, Rows, category_bars, number_bars
from tfx_components.drift_detector.wording import counted, described, shortened
from tfx_contract.drift_report import Finding, Measure

Point = tuple[datetime, float]

_INK, _SOFT, _LINE = "#1c2430", "#5b6675", "#e3e8ee"
_GREY, _DARK_GREY, _BLUE = "#c3ccd7", "#8793a3", "#1967d2"
_WIDTH, _HEIGHT, _LOW = 480, 170, 120
_CONFIG: dict[str, Any] = {
    # The SVG as a whole has a label; one for each bar would drown it.
    "aria": False,
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": _SOFT,
        "gridColor": _LINE,
        "labelColor": _INK,
        "labelFontSize": 12,
        "tickColor": _SOFT,
        "titleColor": _SOFT,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
}


def distributions(finding: Finding) -> Markup:
    """Both samples of a finding, one over the other or side by side."""
    if finding.measure is Measure.NUMBERS:
        return _svg(_histogram(finding), described(finding))
    return _svg(_side_by_side(category_bars(finding)), described(finding))


def over_time(
    points: Sequence[Point], what: str, rule: tuple[str, float] | None, *, from_zero: bool
) -> Markup:
    """A number of each check, with a rule that it is seen against.

    Args:
      points: The oldest first.
      what: The number's name.
      rule: Its name and its height.
      from_zero: Whether the axis begins at 0.
    """
    known = [point for point in points if math.isfinite(point[1])]
    scale = alt.Scale(zero=from_zero, nice=True)
    rows = [{"until": time.timestamp() * 1000, "value": value} for time, value in known]
    line = (
        _chart(rows)
        .mark_line(point={"size": 45, "filled": True}, color=_BLUE)
        .encode(
            x=alt.X("until:T", title="end of the window, UTC", scale=alt.Scale(type="utc")),
            y=alt.Y("value:Q", title=shortened(what, 30), scale=scale, axis=_ticks(4)),
        )
    )
    against = ""
    if rule and math.isfinite(rule[1]):
        line = alt.layer(line, *_rule(*rule))
        against = f", against {rule[0]}"
    label = f"Line chart of {shortened(what)} of {counted(len(known), 'check')}{against}."
    return _svg(line.properties(width=_WIDTH, height=_LOW), label)


def _histogram(finding: Finding) -> alt.LayerChart:
    bars = number_bars(finding)
    scale = alt.Scale(zero=False, nice=False)
    where = {
        "x": alt.X("low:Q", title=shortened(finding.column), scale=scale, axis=_ticks(8)),
        "x2": alt.X2("high:Q"),
        "y": alt.Y("share:Q", title="share", axis=_ticks(5, "%")),
    }
    before, after = (
        _chart([bar for bar in bars if bar["sample"] == sample]) for sample in (BEFORE, AFTER)
    )
    tinted = {"color": _BLUE, "fillOpacity": 0.14, "stroke": _BLUE, "strokeWidth": 1.5}
    layers = alt.layer(
        before.mark_rect(color=_GREY, stroke=_DARK_GREY, strokeWidth=0.5).encode(**where),
        after.mark_rect(**tinted).encode(**where),
    )
    return layers.properties(width=_WIDTH, height=_HEIGHT)


def _side_by_side(bars: Rows) -> alt.Chart:
    # The values are short already; Vega's own limit halves a letter of two code units, and fails.
    values = alt.Axis(
        labelExpr="slice(datum.value, 3)", labelLimit=0, labelPadding=5, ticks=False, domain=False
    )
    fills, strokes = (
        alt.Scale(domain=[BEFORE, AFTER], range=colours)
        for colours in ([_GREY, _BLUE], [_DARK_GREY, _BLUE])
    )
    return (
        _chart(bars)
        .mark_bar(strokeWidth=0.5)
        .encode(
            x=alt.X("share:Q", title="share", axis=_ticks(5, "%")),
            y=alt.Y("value:N", title=None, sort=None, axis=values),
            yOffset=alt.YOffset("sample:N", sort=[BEFORE, AFTER]),
            fill=alt.Fill("sample:N", scale=fills, legend=None),
            stroke=alt.Stroke("sample:N", scale=strokes, legend=None),
        )
        .properties(width=_WIDTH - 120, height=alt.Step(9))
    )


def _ticks(count: int, form: str = "") -> alt.Axis:
    return alt.Axis(tickCount=count, format=form, labelOverlap=True)


def _rule(name: str, height: float) -> list[alt.Chart]:
    at = _chart([{"value": height, "name": name}]).encode(y="value:Q")
    text = at.mark_text(align="right", baseline="bottom", dy=-3, color=_INK, fontSize=12)
    return [
        at.mark_rule(strokeDash=[6, 4], color=_INK),
        text.encode(x=alt.value(_WIDTH), text="name:N"),
    ]


def _chart(rows: Rows) -> alt.Chart:
    return alt.Chart(alt.Data(values=rows))


def _svg(chart: Any, label: str) -> Markup:
    # No address is allowed: nothing is fetched, whatever the values look like.
    drawn = vl_convert.vegalite_to_svg(chart.to_dict(), config=_CONFIG, allowed_base_urls=[])
    named = Markup('<svg role="img" aria-label="{}" ').format(label)
    return Markup(drawn.replace("<svg ", named, 1))
