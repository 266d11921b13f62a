"""A folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A hidden draft beside `target` that becomes it when the block ends well.

    What killed tries left is removed; drafts of other targets may be at work. When another try was
    first, its folder stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".draft-{target.name}-"
    for leftover in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=prefix))
    draft.chmod(0o755)
    try:
        yield draft
        for path in [*draft.rglob("*"), draft]:
            _sync(path)
        _rename(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _rename(draft: Path, target: Path) -> None:
    try:
        os.rename(draft, target)
    except OSError:
        if not target.is_dir():
            raise
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
