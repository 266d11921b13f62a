"""The page of a drift report: what a person reads on it, offline, whatever the values look like."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.tfx.drift_reports import (
    auc,
    calm,
    categories,
    missing,
    numbers,
    report,
    sample,
)
from tests.tfx.html_page import Element, read_page
from tfx_components.drift_detector.bars import category_bars, drawn_edges, number_bars
from tfx_components.drift_detector.page import write_page
from tfx_components.drift_detector.wording import brief, shortened
from tfx_contract.drift_report import (
    Anomaly,
    Change,
    DriftReport,
    NewerData,
)
from tfx_contract.drift_spec import DriftKind

INFINITY = float("inf")
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><!--",
    "\"'><img src=x onerror=alert(1)>",
    "url(//evil.example/x)",
    "']];alert(1)//",
    "東京 مرحبا Ώρα",
    "line\none\x00\x1b\ufffe",
    "\U0001f600" * 100,
    "",
    "long " * 1_000,
)


@pytest.fixture
def draw(tmp_path: Path) -> Any:
    """Writes a page and reads it."""

    def drawn(of: DriftReport, earlier: Sequence[DriftReport] = ()) -> Element:
        path = tmp_path / "report.html"
        write_page(of, earlier, path)
        text = path.read_text(encoding="utf-8")
        assert_is_offline(text)
        return read_page(text)

    return drawn


def assert_is_offline(text: str) -> None:
    """Nothing is run, nothing is fetched, and no coordinate is lost."""
    page = read_page(text)
    assert not {element.tag for element in page.all()} & {
        *("script", "img", "image", "use", "iframe", "object", "embed", "audio", "video", "form"),
    }
    for element in page.all():
        for name, value in element.attributes.items():
            assert not name.startswith("on")
            assert name not in {"src", "srcset", "action", "xlink:href"}
            assert name != "href" or value == "data:,"
            assert "://" not in value or name.startswith("xmlns") or name == "title"
            if name in {"d", "transform", "width", "height", "x2", "y2", "viewbox"}:
                assert not re.search("nan|infinity|undefined", value, re.IGNORECASE)
        if element.tag == "style":
            assert "url(" not in element.text
            assert "@import" not in element.text
    (policy,) = page.all("meta", http_equiv="Content-Security-Policy")
    assert policy.attributes["content"].startswith("default-src 'none'")


def rows(table: Element) -> list[list[str]]:
    (body,) = table.all("tbody")
    return [
        [cell.text for cell in row.inside if isinstance(cell, Element)] for row in body.all("tr")
    ]


def headings(page: Element) -> list[str]:
    return [element.text for element in page.all() if element.tag in {"h1", "h2", "h3"}]


def labels(of: Element) -> list[str]:
    return [svg.attributes["aria-label"] for svg in of.all("svg")]


def test_a_check_that_found_nothing_says_so(draw: Any) -> None:
    page = draw(report(calm()))
    (headline,) = page.all(class_="headline")
    assert headline.text == "Nothing drifted: of 1 comparison, none is beyond its limits."
    assert "What drifted" not in headings(page)
    assert "None: there is no labelled data that this version did not learn from." in [
        each.text for each in page.all("dd")
    ]


def test_a_check_that_compared_nothing_does_not_claim_that_nothing_drifted(draw: Any) -> None:
    page = draw(report())
    assert page.all(class_="headline")[0].text == "Nothing was compared."
    assert page.all("table") == page.all("svg") == []


def test_the_headline_has_what_drifted_the_worst_first(draw: Any) -> None:
    found = report(numbers(), missing(), calm(), metrics=[auc(0.64, drifted=True)])
    (headline,) = draw(found).all(class_="headline drifted")
    assert headline.all("p")[0].text == "3 things drifted; the worst is fare (skew)."
    assert [item.text for item in headline.all("li")] == [
        f"{each.sentence} {each.kind}" for each in found.drifted
    ]
    assert [each.column for each in found.drifted] == ["fare", "AUC", "tips"]


def test_the_window_is_told_and_what_is_zero_is_not(draw: Any) -> None:
    quiet, damaged = draw(report()), draw(report(window={"malformed": 1, "withheld": 2}))
    told = dict(zip(*([e.text for e in quiet.all(tag)] for tag in ("dt", "dd")), strict=True))
    assert told["Since"] == "2026-11-02 00:00 UTC"
    assert told["Until"] == "2026-11-03 00:00 UTC"
    assert (told["Requests"], told["Rows"]) == ("1,234", "1,200")
    assert not {"Malformed", "Withheld", "Others", "Note"} & {*told}
    said = [each.text for each in damaged.all("dd")]
    assert "1 instance that could not be read" in said
    assert "2 instances that the log left out" in said


def test_notes_newer_data_and_anomalies_are_told(draw: Any) -> None:
    page = draw(
        report(
            notes=["There is none before it."],
            newer_data=NewerData(uri="/data/span-15", span=15, description="span 15"),
            anomalies=[Anomaly(column="payment_type", reason="Unexpected: Barter <5%")],
        )
    )
    said = [each.text for each in page.all("dd")]
    assert said[-2:] == [
        "A retraining could learn from span 15: /data/span-15",
        "There is none before it.",
    ]
    assert rows(page.all("table")[-1]) == [["payment_type", "Unexpected: Barter <5%"]]


def test_the_table_has_every_finding_the_worst_first_with_its_verdict_in_words(draw: Any) -> None:
    chance = calm("chance", distance=0.06, chance=0.08)
    never = calm("never", threshold=None)
    page = draw(report(calm(), chance, never, numbers(), missing()))
    found = rows(page.all("table")[0])
    assert found[0] == [
        *("fare", "skew", "numbers", "0.200", "0.05", "0.010", "1,000 values", "1,000 values"),
        "▲ drifted",
    ]
    assert found[1][2:5] + found[1][6:8] == [
        *("missing values", "0.300", "0.1", "100 missing", "400 missing")
    ]
    assert [(row[0], row[-1]) for row in found[2:]] == [
        ("chance", "may be chance"),
        ("miles", "no drift"),
        ("never", "not judged"),
    ]


def test_tables_charts_and_headings_can_be_read_aloud(draw: Any) -> None:
    found = report(numbers(), missing(), categories(["a", "b"]), calm(), metrics=[auc(0.8)])
    page = draw(found, [report(numbers(), day=0)])
    levels = [int(e.tag[1]) for e in page.all() if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert page.all("th")
    assert all(cell.attributes["scope"] in {"col", "row"} for cell in page.all("th"))
    assert all(svg.attributes["role"] == "img" for svg in page.all("svg"))
    assert labels(page)[0] == "Line chart of AUC of 1 check, against eval split."
    assert (
        "Bar chart of fare: share of the values in each bin, training data and this window. "
        "Most changed: 40 to 50, from 25.0% to 70.0%."
    ) in labels(page)


def test_what_drifted_is_drawn_openly_and_the_rest_is_folded(draw: Any) -> None:
    page = draw(report(numbers(), missing(), calm(), calm("same", distance=0.0)))
    (folded,) = page.all("details")
    assert folded.all("summary")[0].text == "1 chart, the farthest apart first"
    assert [card.all("h3")[0].text for card in folded.all("article")] == [
        "miles skew, numbers: no drift"
    ]
    assert len(page.all("article")) == 3
    assert rows(page.all("article")[0].all("table")[0]) == [["40 to 50", "25.0%", "70.0%"]]


def test_predictions_are_drawn_even_when_they_did_not_drift(draw: Any) -> None:
    page = draw(report(calm("prediction[0]", kind=DriftKind.PREDICTION)))
    assert headings(page)[-2:] == ["Predictions", "prediction[0] prediction, numbers: no drift"]
    assert "eval split (1,000 values)" in page.all("figcaption")[0].text
    assert page.all("details") == []


def test_distances_are_drawn_over_the_checks_so_far(draw: Any) -> None:
    earlier = [report(numbers(distance=0.01 * day, drifted=False), day=day) for day in (1, 2, 3)]
    page = draw(report(numbers(), missing(), day=4), earlier)
    lines = [label for label in labels(page) if label.startswith("Line")]
    assert lines == ["Line chart of distance of 4 checks, against threshold 0.05."]
    assert "threshold 0.05" in [text.text for text in page.all("text")]
    assert len(points(page)) == 4


def test_the_first_check_has_no_lines_and_says_why(draw: Any) -> None:
    page = draw(report(numbers()))
    assert not [label for label in labels(page) if label.startswith("Line")]
    assert "There is no earlier check of this version" in page.text


def test_metrics_are_drawn_over_time_against_the_eval_split(draw: Any) -> None:
    earlier = [report(metrics=[auc(0.79)], day=0), report(day=1)]
    page = draw(report(day=2, metrics=[auc(0.7, drifted=True)]), earlier)
    assert rows(page.all("table")[0]) == [
        ["AUC", "0.800", "0.700", "0.100", "0.05", "0.020", "500", "▲ drifted"]
    ]
    assert labels(page) == ["Line chart of AUC of 2 checks, against eval split."]
    assert len(points(page)) == 2


def points(page: Element) -> list[Element]:
    (marks,) = page.all("g", class_="mark-symbol role-mark layer_0_layer_1_marks")
    return marks.all("path")


def test_a_metric_that_is_no_number_leaves_a_page(draw: Any) -> None:
    page = draw(report(metrics=[auc(float("nan"))]))
    assert rows(page.all("table")[0])[0][2] == "unknown"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_values_are_shown_as_they_are_and_never_run(draw: Any, text: str) -> None:
    hostile = categories([text, *(f"v{at}" for at in range(40))])
    anomaly = Anomaly(column=text, reason=text)
    page = draw(
        report(
            hostile,
            numbers(text),
            model=f"taxi{text}",
            anomalies=[anomaly],
            notes=[text],
            newer_data=NewerData(uri=text, description=text),
            metrics=[auc(0.7).model_copy(update={"metric": text})],
        ),
        [report(numbers(text), day=0)],
    )
    kept = {page.text, *(element.attributes.get("title", "") for element in page.all())}
    shown = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    assert any(" ".join(text.split()) in one or shown in one for one in kept)


def test_long_texts_are_cut_and_whole_in_their_title() -> None:
    text = "a" * 5_000
    (cut,) = read_page(brief(text)).all("bdi")
    assert (len(cut.text), cut.text[-1]) == (60, "…")
    assert cut.attributes == {"title": text}
    assert read_page(brief("short")).all("bdi")[0].attributes == {}
    assert shortened("two\n lines") == "two lines"
    assert shortened(" " * 500 + "a") == "…"


@pytest.mark.parametrize(
    ("edges", "drawn"),
    [
        ([0, 1, 2], [0, 1, 2]),
        ([0, 1, 2, 3, 4, 700], [0, 1, 2, 3, 4, 5]),
        ([-INFINITY, *range(9), INFINITY], [-2, *range(9), 10]),
        ([-INFINITY, 3, INFINITY], [2, 3, 4]),
        ([-INFINITY, 3, 5], [1, 3, 5]),
        ([-INFINITY, INFINITY], [0, 1]),
        ([5, 5], [5, 5]),
        ([-1e308, 0, 1e308], [-1, 0, 1]),
    ],
)
def test_outer_bins_are_cut_where_they_reach_too_far(
    edges: list[float], drawn: list[float]
) -> None:
    assert drawn_edges(edges) == drawn


@pytest.mark.parametrize("edges", [[-INFINITY, 0, INFINITY], [-1e308, 0, 1e308], [5, 5, 5]])
def test_any_edges_make_a_chart(draw: Any, edges: list[float]) -> None:
    half = sample([0.5, 0.5])
    page = draw(report(numbers(edges=edges, before=half, after=half)))
    assert len(page.all("svg")) == 1
    is_cut = edges != [5, 5, 5]
    assert ("The last bin is drawn shorter: it ends at" in page.text) == is_cut


def test_a_bin_of_one_number_is_wide_enough_to_be_seen_and_on_top() -> None:
    bars = number_bars(numbers(edges=[0, 10, 10.000001, 40, 150]))
    narrow = bars[-2:]
    assert [bar["low"] for bar in narrow] == [10, 10]
    assert all(bar["high"] - bar["low"] > 0.2 for bar in narrow)


def test_categories_are_the_most_frequent_and_those_that_changed_most() -> None:
    rare = [Change(value="rare", before=0, after=0.2), Change(value="v3", before=0.1, after=0.2)]
    bars = category_bars(categories([f"v{at}" for at in range(50)], changes=rare))
    shown = list(dict.fromkeys(bar["value"] for bar in bars))
    assert shown == [*(f"{at:02d} v{at}" for at in range(15)), "15 rare"]
    assert [bar["share"] for bar in bars[-2:]] == [0, 0.2]


def test_a_page_of_three_hundred_columns_says_what_it_leaves_out(draw: Any) -> None:
    many = [numbers(f"c{at}", distance=0.1 + at / 1_000) for at in range(42)]
    page = draw(report(*many, *(calm(f"d{at}") for at in range(258))))
    assert len(page.all("article")) == 40
    assert page.all("article")[0].all("h3")[0].text.startswith("c41 ")
    assert "2 more drifts not drawn" in page.text
    assert "258 findings that did not drift: not drawn." in page.text
    assert "and 32 more, below" in page.text
    listed, folded = (rows(table) for table in page.all("table") if len(rows(table)) > 5)
    assert (len(listed), len(folded)) == (25, 275)


def test_a_page_of_ten_columns_is_light(tmp_path: Path) -> None:
    kinds = (DriftKind.SKEW, DriftKind.FEATURE)
    edges = [float(at) for at in range(21)]
    wide = sample([0.05] * 20)
    found = [
        numbers(f"c{at}", kind=kind, edges=edges, before=wide, after=wide)
        for at in range(10)
        for kind in kinds
    ]
    earlier = [report(*found, day=day) for day in range(30)]
    write_page(report(*found, day=31), earlier, tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 1_000_000
