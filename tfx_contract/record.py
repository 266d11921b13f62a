"""The base of every record that crosses between environments."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen pydantic model that refuses unknown keys and reads and writes JSON files."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Reads one record from a JSON file.

        Raises:
          FileNotFoundError: there is no such file.
          pydantic.ValidationError: the file does not hold this record.
        """
        return cls.model_validate_json(Path(path).read_bytes())

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Writes the record as JSON, atomically; parents are made."""
        return write_atomically(path, self.model_dump_json(indent=2) + "\n")


def write_atomically(path: str | os.PathLike[str], text: str) -> Path:
    """Writes `text` so that a reader sees the old file or the new one, never a part."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target
