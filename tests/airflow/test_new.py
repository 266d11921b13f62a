"""`tfx-airflow new`, with a stand-in for the scaffold."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tfx_airflow.cli import app
from tfx_contract.home import Home

SUMMARY = {
    "folder": "dags/churn",
    "problem": "binary",
    "reason": "2 values in 100 rows",
    "notes": ["1 % of the rows are positive"],
    "columns": {"number": [f"n{i}" for i in range(10)], "left out": ["id"]},
    "left_out": {"id": "100 values in 100 rows"},
}
GREETING = "I0000 00:00:1795389845.831992 12986 stub.cc:31] a greeting"


@pytest.fixture
def stand_in(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Writes its arguments to a file, then does as `behave` told."""
    path = tmp_path / "scaffold-python"
    monkeypatch.setenv("TFX_AIRFLOW_TFX_PYTHON", str(path))
    behave(path, f"print('reading churn.csv'); print({json.dumps(json.dumps(SUMMARY))})")
    return path


def behave(path: Path, code: str) -> None:
    """What the stand-in does after it noted its arguments."""
    script = path.with_suffix(".py")
    arguments = path.with_suffix(".json")
    script.write_text(
        f"import json, sys\njson.dump(sys.argv[1:], open({str(arguments)!r}, 'w'))\n{code}\n"
    )
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
    path.chmod(0o755)


def new(*more: str) -> Result:
    """Calls `tfx-airflow new`."""
    arguments = ["new", "churn", "--csv", "churn.csv", "--label", "churned", *more]
    return CliRunner().invoke(app, arguments)


def test_the_scaffold_is_told_all_and_its_summary_is_shown(home: Home, stand_in: Path) -> None:
    result = new("--problem", "binary", "--drop", "tips", "--drop=-odd", "--keep", "fare")
    assert result.exit_code == 0, result.output
    told = json.loads(stand_in.with_suffix(".json").read_text())
    assert told == [
        *("-m", "tfx_scaffold", "churn", "--csv", str(Path("churn.csv").absolute())),
        *("--label", "churned", "--dags", str(home.dags), "--problem", "binary"),
        *("--drop=tips", "--drop=-odd", "--keep=fare"),
    ]
    assert "reading churn.csv" in result.stderr
    assert "dags/churn: binary, 2 values in 100 rows" in result.stdout
    assert "number: n0, n1, n2, n3, n4, n5, n6, n7 and 2 more" in result.stdout
    assert "left out: id, 100 values in 100 rows" in result.stdout
    assert "Next: tfx-airflow run churn" in result.stdout


def test_a_mistake_is_a_message_without_the_greetings_of_tensorflow(stand_in: Path) -> None:
    behave(
        stand_in,
        f"print({GREETING!r}, file=sys.stderr)\n"
        "print('tips gives the label away:\\n- leave it out', file=sys.stderr)\nsys.exit(2)",
    )
    result = new()
    assert result.exit_code == 2
    assert "tips gives the label away:\n- leave it out" in result.stderr
    assert "greeting" not in result.stderr


def test_a_crash_shows_the_last_lines(stand_in: Path) -> None:
    behave(stand_in, "raise ValueError('broken')")
    result = new()
    assert result.exit_code == 2
    assert "ended with exit code 1" in result.stderr
    assert "ValueError: broken" in result.stderr


def test_without_a_tfx_environment_it_says_how_to_make_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFX_AIRFLOW_TFX_PYTHON", str(home.root / "none"))
    result = new()
    assert result.exit_code == 2
    assert "make .venv-tfx" in result.stderr
