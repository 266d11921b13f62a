"""The rows that `tfx-airflow predict` takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfx_airflow.cli.predict import read_instances
from tfx_contract.errors import InputError


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ('{"instances": [[1], [2]]}', [[1], [2]]),
        ('{"a": 1}', [{"a": 1}]),
        ('{"a": 1}\r\n\n{"a": "x\u2028y\x85z"}\n', [{"a": 1}, {"a": "x\u2028y\x85z"}]),
        ("\ufeff[1]", [1]),
    ],
)
def test_rows_come_as_an_array_as_lines_or_as_a_request(
    tmp_path: Path, text: str, rows: list[object]
) -> None:
    file = tmp_path / "rows"
    file.write_text(text, encoding="utf-8", newline="")
    assert read_instances(str(file)) == rows


@pytest.mark.parametrize("text", ["", "[]", "\n", '{"instances": []}', '{"a": 1}\n{"a"'])
def test_a_file_without_rows_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rows"
    file.write_text(text)
    with pytest.raises(InputError, match=str(file)):
        read_instances(str(file))
