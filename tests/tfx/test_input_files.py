"""Which files a run reads, and what it says when they are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfx_components.input_files import NO_DATA, Input, find_files, find_portions, fingerprint
from tfx_contract.errors import DataError, InputError

DATED = "{YYYY}/{MM}/{DD}/*.csv"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def _found(data: Path, pattern: str, span: int | None = None, window: int = 1) -> list[str]:
    return [os.path.relpath(path, data) for path in find_files(_input(data, pattern, span, window))]


def _input(data: Path, pattern: str, span: int | None = None, window: int = 1) -> Input:
    return Input(str(data), pattern, span, window)


def test_a_span_is_read_and_no_newer_or_older_one(data: Path) -> None:
    _touch(data, "day-1/a.csv", "day-2/a.csv", "day-2/b.csv", "day-3/a.csv", "day-22/a.csv")
    assert _found(data, "day-{SPAN}/*.csv", 2) == ["day-2/a.csv", "day-2/b.csv"]


def test_a_window_ends_with_the_span_of_the_run(data: Path) -> None:
    _touch(data, *(f"day-{n:02}.csv" for n in range(1, 9)))
    found = find_portions(_input(data, "day-{SPAN:2}.csv", 6, 3))
    assert [portion.span for portion in found] == [4, 5, 6]
    assert [portion.pattern for portion in found] == ["day-04.csv", "day-05.csv", "day-06.csv"]


def test_a_dated_window_goes_over_the_end_of_a_month(data: Path) -> None:
    _touch(data, "2024/02/28/a.csv", "2024/02/29/a.csv", "2024/03/01/a.csv", "2024/03/02/a.csv")
    assert _found(data, DATED, 19783, 3) == [
        "2024/02/28/a.csv",
        "2024/02/29/a.csv",
        "2024/03/01/a.csv",
    ]


def test_the_newest_version_of_each_span_is_read(data: Path) -> None:
    _touch(data, "1/v1/a.csv", "1/v2/a.csv", "2/v9/a.csv", "2/v10/a.csv", "2/v11.tmp/a.csv")
    found = find_portions(_input(data, "{SPAN}/v{VERSION}/*.csv", 2, 2))
    assert [(portion.span, portion.version) for portion in found] == [(1, 2), (2, 10)]
    assert [os.path.relpath(p.files[0], data) for p in found] == ["1/v2/a.csv", "2/v10/a.csv"]


def test_a_version_keeps_its_leading_zeros(data: Path) -> None:
    _touch(data, "1/v007/a.csv", "1/v010/a.csv")
    assert _found(data, "{SPAN}/v{VERSION}/*.csv", 1) == ["1/v010/a.csv"]


def test_a_missing_span_is_named_with_those_that_are_nearest(data: Path) -> None:
    _touch(data, *(f"day-{n}/a.csv" for n in [*range(1, 10), 12]))
    with pytest.raises(DataError) as caught:
        _found(data, "day-{SPAN}/*.csv", 11)
    assert str(caught.value) == (
        f"{data}: expected files named day-{{SPAN}}/*.csv for span 11; there are none. There are "
        "the spans 5, 6, 7, 8, 9, 12 (the nearest of 10). Deliver the files, or name another span."
    )


def test_a_hole_in_a_window_is_named_and_nothing_is_taken_for_it(data: Path) -> None:
    _touch(data, "day-1.csv", "day-3.csv", "day-5.csv")
    with pytest.raises(DataError, match=r"for span 2, 4 of the window of 4; .*the spans 1, 3, 5\."):
        _found(data, "day-{SPAN}.csv", 5, 4)


def test_a_window_that_starts_before_span_0_misses_those(data: Path) -> None:
    _touch(data, "day-0.csv", "day-1.csv")
    with pytest.raises(DataError, match=r"for span -1 of the window of 3"):
        _found(data, "day-{SPAN}.csv", 1, 3)


def test_a_missing_date_is_named_by_number_and_day(data: Path) -> None:
    _touch(data, "2026/11/20/a.csv", "2026/13/20/a.csv")
    with pytest.raises(
        DataError, match=r"for span 20778 \(2026-11-21\); .* spans 20777 \(2026-11-20\)\."
    ):
        _found(data, DATED, 20778)


def test_a_span_without_a_version_is_missing(data: Path) -> None:
    _touch(data, "1/v1/a.csv", "2/a.csv")
    with pytest.raises(DataError, match=r"for span 2; there are none\. There are the spans 1\."):
        _found(data, "{SPAN}/v{VERSION}/*.csv", 2)


def test_a_folder_without_any_span_is_listed(data: Path) -> None:
    _touch(data, "trips.csv")
    with pytest.raises(DataError, match=r"There are no spans at all; found trips\.csv\."):
        _found(data, "day-{SPAN}.csv", 1)


def test_leading_zeros_that_the_pattern_does_not_have_are_hinted_at(data: Path) -> None:
    _touch(data, "day-007.csv")
    with pytest.raises(DataError, match=r"another count of digits; say which, .*\{SPAN:4\}"):
        _found(data, "day-{SPAN}.csv", 7)


def test_a_span_with_more_digits_than_the_pattern_has_is_refused(data: Path) -> None:
    _touch(data, "day-07.csv")
    with pytest.raises(DataError, match=r"Span 100 has no place in 'day-\{SPAN:2\}\.csv'"):
        _found(data, "day-{SPAN:2}.csv", 100)


def test_a_run_without_a_span_is_refused(data: Path) -> None:
    _touch(data, "day-7.csv")
    with pytest.raises(InputError, match="has spans, and the run names none"):
        _found(data, "day-{SPAN}.csv")


def test_a_pattern_that_makes_no_sense_is_refused(data: Path) -> None:
    with pytest.raises(InputError, match=r"Pattern '\{SPAN\}\*' has '\{SPAN\}\*', in which"):
        _found(data, "{SPAN}*", 1)


def test_brackets_and_question_marks_are_wildcards_beside_spans_too(data: Path) -> None:
    _touch(data, "day-1-a.csv", "day-1-b.csv", "day-1-c.csv", "day-1-10.csv")
    assert _found(data, "day-{SPAN}-[!c].csv", 1) == ["day-1-a.csv", "day-1-b.csv"]
    with pytest.raises(DataError, match=r"for span 2; .*the spans 1\."):
        _found(data, "day-{SPAN}-?.csv", 2)


def test_a_bare_star_leaves_out_folders_and_what_writers_leave_behind(data: Path) -> None:
    _touch(data, "part-0", "_SUCCESS", ".part-0.crc", "more/part-1")
    assert _found(data, "*") == ["part-0"]


def test_an_empty_folder_is_named(data: Path) -> None:
    data.mkdir()
    with pytest.raises(DataError, match=r"data: expected files named \*\.avro; found an empty fol"):
        _found(data, "*.avro")


def test_a_file_in_place_of_the_folder_is_named(data: Path) -> None:
    data.write_text("")
    with pytest.raises(DataError, match=r"found a file\. Name the folder that holds it: "):
        _found(data, "*.csv")


def test_a_folder_that_is_named_like_a_file_is_refused(data: Path) -> None:
    _touch(data, "a.parquet/part-0")
    with pytest.raises(DataError, match=r"a\.parquet: expected a file, found a folder; have the"):
        _found(data, "*.parquet")


def test_the_fingerprint_sees_the_bytes_of_every_span_of_a_window(data: Path) -> None:
    _touch(data, "1/a.csv", "2/a.csv")
    wanted = _input(data, "{SPAN}/*.csv", 2, 2)
    before = fingerprint(wanted)
    assert before == fingerprint(wanted) != fingerprint(_input(data, "{SPAN}/*.csv", 2))
    (data / "1" / "a.csv").write_text("other")
    assert fingerprint(wanted) != before


def test_the_fingerprint_of_data_that_is_not_there_says_so(data: Path) -> None:
    assert fingerprint(_input(data, "{SPAN}/*.csv", 2)) == NO_DATA
