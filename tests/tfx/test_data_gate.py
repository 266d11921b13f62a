"""DataGate against real files: each mistake is named by file, column or row, and expectation."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.portable.data_types import ExecutionInfo

from tfx_components.artifacts import DataValidationReport
from tfx_components.data_gate.component import DataGate
from tfx_components.data_gate.driver import Driver
from tfx_components.data_gate.executor import Executor
from tfx_contract.errors import DataError, InputError

NUMBER = ["int", "int64", "float", "float64"]
EXPECTATIONS = [
    {"type": "expect_column_to_exist", "kwargs": {"column": "payment_type"}},
    {
        "type": "expect_column_values_to_be_in_type_list",
        "kwargs": {"column": "fare", "type_list": NUMBER},
    },
    {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "fare", "min_value": 0, "max_value": 100},
    },
    {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "tips"}},
]
GOOD = "fare,tips,payment_type\n5.5,1,Card\n7,0,Cash\n,2.5,Card\n"

Check = Callable[..., DataValidationReport]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def check(data: Path, tmp_path: Path) -> Check:
    def run(content: str | bytes | None, expectations: object = EXPECTATIONS) -> object:
        if content is not None:
            raw = content.encode() if isinstance(content, str) else content
            (data / "trips.csv").write_bytes(raw)
        report = DataValidationReport()
        report.uri = str(tmp_path / "root" / "DataGate" / "report" / "1")
        properties = {
            "data_uri": str(data),
            "format": "csv",
            "pattern": "*.csv",
            "window": 1,
            "label": "tips",
            "expectations": json.dumps(expectations),
        }
        Executor().Do({}, {"report": [report]}, properties)
        return report

    return run


def test_good_data_passes_and_leaves_a_report(check: Check) -> None:
    report = check(GOOD)
    result = json.loads((Path(report.uri) / "result.json").read_text())
    assert result["success"]
    assert report.rows == result["rows"] == 3
    assert len(result["expectations"]) == len(EXPECTATIONS)


def test_data_docs_open_without_a_network(check: Check) -> None:
    site = Path(check(GOOD).uri) / "data_docs"
    pages = list(site.rglob("*.html"))
    assert site / "index.html" in pages
    for page in pages:
        text = page.read_text()
        assert "expect" in text.lower()
        assert '<script src="http' not in text
        assert 'rel="stylesheet" href="http' not in text
        assert '<img src="http' not in text


def test_a_missing_column_is_named(check: Check, data: Path) -> None:
    with pytest.raises(DataError) as caught:
        check("fare,tips\n1,2\n")
    message = str(caught.value)
    assert message.startswith(f"{data / 'trips.csv'}: ")
    assert "column 'payment_type': expect_column_to_exist" in message
    assert "found the columns fare, tips" in message


def test_text_in_a_numeric_column_is_named_with_its_line(check: Check) -> None:
    with pytest.raises(DataError) as caught:
        check("fare,tips,payment_type\n5.5,1,Card\nfree,0,Cash\n\n7,1,Cash\n")
    message = str(caught.value)
    assert "column 'fare': expect_column_values_to_be_in_type_list" in message
    assert "1 cells do not meet it: 'free' in trips.csv line 3" in message


def test_values_out_of_range_are_named_with_their_lines_past_empty_lines(check: Check) -> None:
    with pytest.raises(DataError) as caught:
        check("fare,tips,payment_type\n5.5,1,Card\n\n-3,0,Cash\n200,0,Cash\n")
    message = str(caught.value)
    assert "column 'fare': expect_column_values_to_be_between (min_value 0.0" in message
    assert "2 cells do not meet it: -3.0 in trips.csv line 4, 200.0 in trips.csv line 5" in message


def test_a_blank_label_is_named_with_its_line(check: Check) -> None:
    with pytest.raises(DataError, match=r"column 'tips': expect_column_values_to_not_be_null.*1 c"):
        check("fare,tips,payment_type\n5.5,,Card\n7,0,Cash\n")


def test_an_empty_file_is_refused(check: Check) -> None:
    with pytest.raises(DataError, match=r"trips\.csv: expected a header line.*the file is empty"):
        check("")


def test_a_header_without_rows_is_refused(check: Check) -> None:
    with pytest.raises(DataError, match=r"trips\.csv: expected rows below the header"):
        check("fare,tips,payment_type\n")


def test_a_missing_label_column_is_refused(check: Check) -> None:
    with pytest.raises(DataError, match=r"line 1: expected the label column 'tips'.*found the col"):
        check("fare,payment_type\n1,Cash\n")


def test_a_folder_that_is_not_there_is_named(check: Check, data: Path) -> None:
    data.rmdir()
    with pytest.raises(DataError, match=r"data: expected a folder with files named \*\.csv; it"):
        check(None)


def test_a_folder_without_csv_files_is_named_with_what_it_holds(check: Check, data: Path) -> None:
    (data / "trips.parquet").touch()
    with pytest.raises(DataError, match=r"expected files named \*\.csv; found trips\.parquet"):
        check(None)


def test_broken_quoting_is_named_by_the_line_where_it_starts(check: Check) -> None:
    with pytest.raises(DataError, match=r"trips\.csv, line 3: expected balanced quotes"):
        check('fare,tips,payment_type\n1,2,"Card"\n1,2,"Ca\n3,4,Cash\n5,6,Cash\n')


def test_text_after_a_closing_quote_is_broken_quoting(check: Check) -> None:
    with pytest.raises(DataError, match=r"trips\.csv, line 2: expected balanced quotes"):
        check('fare,tips,payment_type\n1,2,"Card"x\n')


def test_a_byte_that_is_not_utf8_is_named_by_line_and_position(check: Check) -> None:
    with pytest.raises(
        DataError, match=r"trips\.csv, line 3: expected text in UTF-8; byte 7 .*0xe9"
    ):
        check(b"fare,tips,payment_type\n1,2,Card\n1,2,Ca\xe9\n")


def test_a_row_with_too_few_fields_is_named(check: Check) -> None:
    with pytest.raises(DataError, match=r"line 3: expected 3 fields.*found 2: 1,2"):
        check("fare,tips,payment_type\n1,2,Card\n1,2\n")


def test_a_column_named_twice_is_refused(check: Check) -> None:
    with pytest.raises(DataError, match="'fare' is there twice"):
        check("fare,tips,fare\n1,2,3\n")


def test_a_blank_column_name_is_refused(check: Check) -> None:
    with pytest.raises(DataError, match="expected a name for column 2"):
        check("fare, ,tips\n1,2,3\n")


def test_a_byte_order_mark_is_refused(check: Check) -> None:
    with pytest.raises(DataError, match="byte order mark"):
        check("\ufeff" + GOOD)


def test_files_with_other_columns_are_refused(check: Check, data: Path) -> None:
    (data / "more.csv").write_text("tips,fare,payment_type\n1,2,Cash\n")
    with pytest.raises(DataError, match=r"trips\.csv, line 1: expected the columns of .*more\.csv"):
        check(GOOD)


def test_quoted_line_breaks_are_part_of_a_field(check: Check) -> None:
    assert check('fare,tips,payment_type\n1,2,"a\nb"\n3,4,"say ""x"""\n').rows == 2


def test_a_warning_stands_in_the_report_and_stops_nothing(check: Check) -> None:
    warning = {**EXPECTATIONS[2], "severity": "warning"}
    report = check("fare,tips,payment_type\n500,1,Card\n", [warning])
    result = json.loads((Path(report.uri) / "result.json").read_text())
    assert "500" in result["findings"][0]["finding"]


def test_the_report_of_failed_data_outlives_the_node_s_outputs(check: Check) -> None:
    with pytest.raises(DataError) as caught:
        check("fare,tips,payment_type\n500,1,Card\n")
    kept = Path(str(caught.value).rpartition("The report is in ")[2])
    assert kept.parent.name == "failed"
    assert not json.loads((kept / "result.json").read_text())["success"]
    assert (kept / "data_docs" / "index.html").exists()


def test_an_unknown_expectation_is_refused_with_the_nearest_name(check: Check) -> None:
    wrong = [{"type": "expect_column_to_exists", "kwargs": {"column": "fare"}}]
    with pytest.raises(InputError, match=r"\[0\]\.type: .*Did you mean 'expect_column_to_exist'"):
        check(GOOD, wrong)


def test_new_bytes_under_the_same_path_have_another_fingerprint(data: Path) -> None:
    properties = {"data_uri": str(data), "pattern": "*.csv", "window": 1}
    info = ExecutionInfo(exec_properties=properties)
    seen = []
    for content in (GOOD, GOOD, GOOD.replace("7", "8")):
        (data / "trips.csv").write_text(content)
        seen.append(Driver(None).run(info).exec_properties["data_fingerprint"].string_value)
    assert seen[0] == seen[1] != seen[2]


def test_new_bytes_under_the_same_path_are_checked_again(data: Path, tmp_path: Path) -> None:
    database = str(tmp_path / "metadata.db")

    def run() -> None:
        gate = DataGate(str(data), "tips", json.dumps(EXPECTATIONS))
        LocalDagRunner().run(
            pipeline.Pipeline(
                pipeline_name="gate",
                pipeline_root=str(tmp_path / "root"),
                components=[gate],
                enable_cache=True,
                metadata_connection_config=metadata.sqlite_metadata_connection_config(database),
            )
        )

    (data / "trips.csv").write_text(GOOD)
    run()
    run()
    with metadata.Metadata(metadata.sqlite_metadata_connection_config(database)) as handle:
        assert len(handle.store.get_artifacts_by_type("DataValidationReport")) == 1
    (data / "trips.csv").write_text(GOOD.replace("7", "777"))
    with pytest.raises(DataError, match="777"):
        run()
