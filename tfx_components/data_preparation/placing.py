"""Moves files into a folder that others read: each whole, and only when it has changed."""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Hidden, so that no pattern of data files matches what lies in it.
_PREFIX = ".prepare-"


@contextmanager
def scratch_folder(data: Path) -> Iterator[Path]:
    """A folder on the same disk, without what killed tries left; it is gone afterwards."""
    data.mkdir(parents=True, exist_ok=True)
    for leftover in data.glob(f"{_PREFIX}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(dir=data, prefix=_PREFIX))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def move_changed(scratch: Path, data: Path) -> tuple[int, int]:
    """Moves new and changed files; returns how many these are, and how many there are in all.

    A file that is the same keeps its time stamp, which ExampleGen's fingerprint looks at. Files
    that were not written this time stay: they may be the spans of other days.
    """
    files = sorted(path for path in scratch.rglob("*") if path.is_file())
    changed = [path for path in files if not _is_there(path, data / path.relative_to(scratch))]
    for path in changed:
        target = data / path.relative_to(scratch)
        target.parent.mkdir(parents=True, exist_ok=True)
        _sync(path)
        os.replace(path, target)
    return len(changed), len(files)


def _is_there(path: Path, target: Path) -> bool:
    return target.is_file() and filecmp.cmp(path, target, shallow=False)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
