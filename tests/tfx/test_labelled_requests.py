"""Logged requests whose ground truth is known join the training data, once."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.proto.orchestration import pipeline_pb2

from tests.tfx.drift_checks import HOUR, START, VERSION, TaxiVersion
from tests.tfx.trips import read_trips
from tfx_components import artifacts
from tfx_components.distributions.reference import Reference
from tfx_components.labelled_requests.executor import Executor
from tfx_components.labelled_requests.ledger import LEDGER_FILE
from tfx_components.labelled_requests.taken import Step, Taken, read_taken
from tfx_components.values import example_of
from tfx_contract.compiled import DRIFT
from tfx_contract.data_spec import Data
from tfx_contract.errors import CompileError, SpecError
from tfx_runtime.compile import compile_model
from tfx_runtime.summaries import summarize

TRIPS = read_trips().head(400)
FIRST, SECOND, THIRD = 1, 2, 3
TAXI = Path(__file__).parents[2] / "dags" / "chicago_taxi"


class Learning(TaxiVersion):
    """A version of the taxi model whose log joins the data, which has a span a day."""

    pattern = "day-{SPAN}.csv"

    def __post_init__(self) -> None:
        super().__post_init__()
        reference = Reference.read(self.folder / "reference")
        reference.schema.feature.add(name="tips", type=schema_pb2.FLOAT)
        reference.write(self.folder / "reference")
        self.deliver("day-4.csv")

    @property
    def ledger(self) -> Path:
        return self.folder / "root" / "versions" / LEDGER_FILE

    def deliver(self, name: str) -> None:
        """A file as somebody delivers it, with a column that no request has."""
        columns = ["tips", *self.columns, "taxi_id"]
        TRIPS.head(1).reindex(columns=columns).to_csv(self.data / name, index=False)

    def take(self, since: float, until: float | None = None) -> artifacts.LabelledRequests:
        """Takes the labelled requests of an hour, or of several."""
        statistics, output = artifacts.RequestStatistics(), artifacts.LabelledRequests()
        statistics.version = VERSION
        statistics.since = (START + since * HOUR).isoformat()
        statistics.until = (START + (until or since + 1) * HOUR).isoformat()
        output.uri = str(self.folder / "root" / "LabelledRequests" / "labelled" / str(since))
        data = Data(uri=str(self.data), pattern=self.pattern, label="tips")
        context = Executor.Context(
            pipeline_node=pipeline_pb2.PipelineNode(
                node_info=pipeline_pb2.NodeInfo(id="LabelledRequests")
            ),
            pipeline_info=pipeline_pb2.PipelineInfo(id="taxi"),
            pipeline_run_id="monday",
        )
        Executor(context).Do(
            {"statistics": [statistics], "reference": [self._reference()]},
            {"labelled": [output]},
            {"signature": "serving_default", "data": data.model_dump_json()},
        )
        return output

    def rows(self) -> list[dict[str, str]]:
        """All rows that joined the data."""
        files = sorted(set(self.data.iterdir()) - {self.data / "day-4.csv"})
        return [row for file in files for row in csv.DictReader(file.open())]


@pytest.fixture
def taxi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Learning:
    monkeypatch.setenv("TFX_AIRFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TFX_AIRFLOW_REQUEST_LOG", raising=False)
    return Learning(tmp_path, TRIPS)


def tips_of(trips: pd.DataFrame) -> list[dict[str, float]]:
    """Ground truth as an object of columns."""
    return [{"tips": tip, "tips_xf": int(tip > 2)} for tip in trips.tips.tolist()]


def fares_and_tips(rows: Sequence[dict[str, str]]) -> list[tuple[float, float]]:
    return sorted((float(row["fare"]), float(row["tips"])) for row in rows)


def expected(trips: pd.DataFrame) -> list[tuple[float, float]]:
    return sorted(zip(trips.fare.tolist(), trips.tips.tolist(), strict=True))


def test_labelled_requests_become_the_next_span_with_the_raw_label(taxi: Learning) -> None:
    taxi.ask(TRIPS, FIRST, tips=tips_of(TRIPS.head(150)))
    output = taxi.take(FIRST)
    assert (output.rows, output.span) == (150, 5)
    header, *_ = (taxi.data / "day-5.csv").read_text().splitlines()
    assert header == ",".join(["tips", *taxi.columns, "taxi_id"])
    assert fares_and_tips(taxi.rows()) == expected(TRIPS.head(150))
    assert {row["taxi_id"] for row in taxi.rows()} == {""}
    payments = sorted(row["payment_type"] for row in taxi.rows())
    assert payments == sorted(TRIPS.head(150).payment_type)
    assert summarize("LabelledRequests", {"labelled": [output]}) == {
        "labelled": f"150 rows written to {taxi.data}/day-5.csv",
        "span": 5,
        "malformed": 0,
    }


def test_without_the_raw_label_there_is_nothing_to_learn_from(taxi: Learning) -> None:
    # Of a bare value nobody knows what the transformation made it of.
    unknown = [1, {"tips_xf": 1}, {"tips": None}, {}] * 10
    taxi.ask(TRIPS, FIRST, tips=[*tips_of(TRIPS.head(120)), *unknown])
    assert taxi.take(FIRST).rows == 120
    assert fares_and_tips(taxi.rows()) == expected(TRIPS.head(120))


def test_without_spans_one_more_file_lies_beside_the_others(taxi: Learning) -> None:
    taxi.pattern = "*.csv"
    taxi.ask(TRIPS, FIRST, tips=tips_of(TRIPS))
    output = taxi.take(FIRST)
    assert (output.rows, output.has_custom_property("span")) == (400, False)
    assert (taxi.data / "day-2.csv").exists()
    assert read_taken(output.uri).written is not None


def test_what_cannot_be_a_row_is_counted_and_skipped(taxi: Learning) -> None:
    taxi.ask(TRIPS, FIRST, tips=tips_of(TRIPS))
    broken = ["{broken", '{"fare": "much"}', "null", "[1]", '{"fare": [1, 2]}', '{"fee": 1}']
    taxi.write(broken, ["[0.5]"] * 6, FIRST, tips=[{"tips": 1.0}] * 6)
    taxi.write(['{"fare": 1}'], ["[0.5]"], FIRST, tips=[{"tips": "much"}])
    taxi.ask(TRIPS, FIRST, tips=[{"tips": 9.0}] * 400, version=8)
    taxi.ask(TRIPS, FIRST, tips=[{"tips": 9.0}] * 400, shadow=True)
    taxi.ask(TRIPS, FIRST, tips=[{"tips": 9.0}] * 400, signature="transform_json")
    output = taxi.take(FIRST)
    assert (output.rows, read_taken(output.uri).malformed) == (400, 7)
    assert fares_and_tips(taxi.rows()) == expected(TRIPS)


def test_serialized_examples_are_rows_too(taxi: Learning) -> None:
    example = example_of({"fare": 8.25, "company": "Blue", "tips": 99.0}).SerializeToString()
    instance = json.dumps({"b64": base64.b64encode(example).decode()})
    taxi.write(
        [instance] * 100, ["[0.5]"] * 100, FIRST, [{"tips": 1.5}] * 100, signature="serving_default"
    )
    taxi.take(FIRST)
    assert {(row["fare"], row["company"], row["tips"]) for row in taxi.rows()} == {
        ("8.25", "Blue", "1.5")
    }


def test_few_rows_wait_for_those_of_the_next_windows(taxi: Learning) -> None:
    taxi.ask(TRIPS.head(99), FIRST, tips=tips_of(TRIPS.head(99)))
    waiting = taxi.take(FIRST)
    assert (waiting.rows, taxi.rows()) == (0, [])
    summary = summarize("LabelledRequests", {"labelled": [waiting]})
    assert summary["labelled"] == "99 rows; they wait until there are 100"
    taxi.take(SECOND)
    taxi.ask(TRIPS.tail(1), THIRD, tips=tips_of(TRIPS.tail(1)))
    assert taxi.take(THIRD).rows == 100
    assert fares_and_tips(taxi.rows()) == expected(pd.concat([TRIPS.head(99), TRIPS.tail(1)]))
    assert taxi.take(FIRST).rows == taxi.take(THIRD).rows == 100
    assert len(taxi.rows()) == 100


def test_a_window_without_labels_leaves_no_trace(taxi: Learning) -> None:
    taxi.ask(TRIPS, FIRST)
    assert read_taken(taxi.take(FIRST).uri).rows == 0
    assert not taxi.ledger.exists()


def killed_after_the_journal(_: Learning) -> None:
    """All was done, and MLMD does not know."""


def killed_before_the_journal(taxi: Learning) -> None:
    """The file is there, and the line that says so is not, or half of it."""
    begun, written = taxi.ledger.read_text().splitlines()
    taxi.ledger.write_text(begun + "\n" + written[:40])


def killed_before_the_file(taxi: Learning) -> None:
    killed_before_the_journal(taxi)
    (taxi.data / "day-5.csv").unlink()


def killed_before_the_file_which_another_wrote(taxi: Learning) -> None:
    killed_before_the_file(taxi)
    taxi.deliver("day-5.csv")


@pytest.mark.parametrize(
    ("interrupt", "span", "rows"),
    [
        (killed_after_the_journal, 5, 150),
        (killed_before_the_journal, 5, 150),
        (killed_before_the_file, 5, 150),
        (killed_before_the_file_which_another_wrote, 6, 151),
    ],
)
def test_a_node_that_was_killed_writes_its_rows_once(
    taxi: Learning, interrupt: Callable[[Learning], None], span: int, rows: int
) -> None:
    taxi.ask(TRIPS, FIRST, tips=tips_of(TRIPS.head(150)))
    taxi.take(FIRST)
    interrupt(taxi)
    for _ in range(2):
        output = taxi.take(FIRST)
        assert (output.rows, output.span, len(taxi.rows())) == (150, span, rows)
    assert Taken.model_validate_json(taxi.ledger.read_text().split("\n")[-2]).step is Step.WRITTEN


def test_a_span_that_somebody_took_away_does_not_come_back(taxi: Learning) -> None:
    taxi.ask(TRIPS, FIRST, tips=tips_of(TRIPS))
    taxi.take(FIRST)
    (taxi.data / "day-5.csv").unlink()
    assert taxi.take(FIRST).rows == 400
    assert taxi.rows() == []


def test_a_window_that_grew_after_a_failed_check_gives_only_its_new_rows(taxi: Learning) -> None:
    taxi.ask(TRIPS.head(200), FIRST, tips=tips_of(TRIPS.head(200)))
    taxi.take(FIRST)
    taxi.ask(TRIPS.tail(200), SECOND, tips=tips_of(TRIPS.tail(200)))
    output = taxi.take(FIRST, SECOND + 1)
    assert (output.rows, output.span) == (200, 6)
    assert fares_and_tips(taxi.rows()) == expected(TRIPS)


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., Path]:
    """A copy of the taxi model that learns from its log."""

    def copy(uri: str = "home://trips", log: dict[str, Any] | None = None, **data: Any) -> Path:
        folder = tmp_path / "dags" / "chicago_taxi"
        folder.mkdir(parents=True)
        shared = folder.parent / "_shared"
        for source, target in ((TAXI, folder), (TAXI.parent / "_shared", shared)):
            target.mkdir(exist_ok=True)
            for file in source.glob("*.*"):
                (target / file.name).write_bytes(file.read_bytes())
        spec = yaml.safe_load((TAXI / "model.yaml").read_text())
        spec["data"] |= {"uri": uri, **data}
        spec["serving"]["log"] = log or {}
        spec["drift"]["learn_from_log"] = True
        (folder / "model.yaml").write_text(yaml.safe_dump(spec))
        return folder

    return copy


def test_the_detector_looks_for_newer_data_after_the_log_joined_it(
    model: Callable[..., Path], tmp_path: Path
) -> None:
    package = compile_model(model(), tmp_path / "compiled")
    nodes = {node.id: node for node in package.pipelines[DRIFT].nodes}
    assert "LabelledRequests" in nodes["DriftDetector"].upstream
    assert set(nodes["LabelledRequests"].upstream) == {"Reference", "RequestStatistics"}
    assert list(nodes).index("LabelledRequests") < list(nodes).index("DriftDetector")


def test_a_model_does_not_learn_from_its_log_unless_it_says_so(tmp_path: Path) -> None:
    nodes = compile_model(TAXI, tmp_path / "compiled").pipelines[DRIFT].nodes
    assert "LabelledRequests" not in {node.id for node in nodes}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"uri": "package://tfx/examples"}, r"nothing is written to 'package://tfx/examples'; cop"),
        ({"uri": "gs://bucket/trips"}, r"nothing is written to 'gs://bucket/trips'"),
        ({"pattern": "trips.csv"}, r"'data.pattern' has no room for another than 'trips.csv'"),
    ],
)
def test_data_that_has_no_room_for_more_is_refused(
    model: Callable[..., Path], tmp_path: Path, data: dict[str, str], complaint: str
) -> None:
    with pytest.raises(SpecError, match=complaint):
        compile_model(model(**data), tmp_path / "compiled")


@pytest.mark.parametrize("key", ["drop", "hash"])
def test_a_log_that_withholds_raw_columns_is_refused(
    model: Callable[..., Path], tmp_path: Path, key: str
) -> None:
    folder = model(log={key: ["passenger", "company", "fare"]})
    with pytest.raises(CompileError, match=rf"serving\.log\.{key} names company, fare, which"):
        compile_model(folder, tmp_path / "compiled")
