"""DataPreparation: whole files only, and none touched that has not changed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfx_components.data_preparation.executor import Executor
from tfx_contract.errors import InputError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "home" / "data"


def _prepare(tmp_path: Path, data: Path, body: str) -> None:
    module = tmp_path / "prepare.py"
    module.write_text(f"def prepare(folder):\n    {body}\n")
    properties = {"data_uri": str(data), "module_file": str(module)}
    Executor().Do({}, {}, properties)


def test_files_that_did_not_change_are_not_touched(tmp_path: Path, data: Path) -> None:
    _prepare(tmp_path, data, "[(folder / n).write_text('1') for n in ('same.csv', 'other.csv')]")
    before = (data / "same.csv").stat()
    other = (data / "other.csv").stat()
    body = "(folder / 'same.csv').write_text('1'); (folder / 'other.csv').write_text('2')"
    _prepare(tmp_path, data, body)
    assert (data / "same.csv").stat().st_mtime_ns == before.st_mtime_ns
    assert (data / "same.csv").stat().st_ino == before.st_ino
    assert (data / "other.csv").stat().st_ino != other.st_ino
    assert (data / "other.csv").read_text() == "2"


def test_files_of_earlier_days_stay(tmp_path: Path, data: Path) -> None:
    write = "(folder / 'day-{0}').mkdir(); (folder / 'day-{0}' / 'rows.csv').write_text('{0}')"
    _prepare(tmp_path, data, write.format(1))
    _prepare(tmp_path, data, write.format(2))
    assert sorted(str(path.relative_to(data)) for path in data.rglob("*.csv")) == [
        "day-1/rows.csv",
        "day-2/rows.csv",
    ]


def test_a_prepare_that_raises_leaves_the_data_as_it_was(tmp_path: Path, data: Path) -> None:
    _prepare(tmp_path, data, "(folder / 'rows.csv').write_text('all of it')")
    with pytest.raises(ZeroDivisionError):
        _prepare(tmp_path, data, "(folder / 'rows.csv').write_text('ha'); 1 / 0")
    assert [path.name for path in data.iterdir()] == ["rows.csv"]
    assert (data / "rows.csv").read_text() == "all of it"


def test_a_prepare_that_is_killed_leaves_no_half_file_and_the_next_one_cleans_up(
    tmp_path: Path, data: Path
) -> None:
    _prepare(tmp_path, data, "(folder / 'rows.csv').write_text('all of it')")
    _start_and_kill(tmp_path, data)
    assert [path.name for path in data.glob("[!.]*")] == ["rows.csv"]
    assert (data / "rows.csv").read_text() == "all of it"
    assert list(data.glob(".prepare-*"))

    _prepare(tmp_path, data, "(folder / 'rows.csv').write_text('new')")

    assert [path.name for path in data.iterdir()] == ["rows.csv"]
    assert (data / "rows.csv").read_text() == "new"


def test_data_in_a_bucket_is_refused(tmp_path: Path) -> None:
    module = tmp_path / "prepare.py"
    module.write_text("def prepare(folder): pass\n")
    properties = {"data_uri": "gs://bucket/data", "module_file": str(module)}
    with pytest.raises(InputError, match="gs://bucket/data"):
        Executor().Do({}, {}, properties)


def _start_and_kill(tmp_path: Path, data: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tfx_components.data_preparation.placing import move_changed, scratch_folder\n"
        "data = Path(sys.argv[1])\n"
        "with scratch_folder(data) as scratch:\n"
        "    (scratch / 'rows.csv').write_text('half')\n"
        "    time.sleep(60)\n"
        "    move_changed(scratch, data)\n"
    )
    command = [sys.executable, "-c", code, str(data)]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        while process.poll() is None and not list(data.glob(".prepare-*/rows.csv")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
