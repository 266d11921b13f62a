"""Files of records that are only ever added to, one JSON document a line, the oldest first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from tfx_contract.record import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)


def append(path: Path, record: Record) -> None:
    """Adds one line; what was written before is never touched.

    Raises:
      FileNotFoundError: there is no such folder.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        # A writer that was killed may have left half a line.
        start = "" if _ends_well(path) else "\n"
        os.write(descriptor, (start + record.model_dump_json() + "\n").encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path, kind: type[AnyRecord]) -> list[AnyRecord]:
    """All records; a line that was cut off is left out. Empty when there is no file."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except FileNotFoundError:
        return []
    return [record for line in lines if (record := _parse(line, kind))]


def _ends_well(path: Path) -> bool:
    content = path.read_bytes()
    return not content or content.endswith(b"\n")


def _parse(line: str, kind: type[AnyRecord]) -> AnyRecord | None:
    try:
        return kind.model_validate_json(line)
    except ValidationError:
        return None
