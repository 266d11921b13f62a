"""Rows of a model's own data, drawn in the TFX environment, which reads every format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pydantic import JsonValue, ValidationError

from tfx_airflow.command import describe_exit, without_native_log
from tfx_airflow.runner import Tfx
from tfx_contract.errors import InputError, SetupError
from tfx_contract.sample import Sample

_MISTAKE = 2
_SHOWN_LINES = 10


@dataclass(frozen=True)
class Rows:
    """Rows in a file, in requests of `batch` rows each; the last may have fewer."""

    file: Path
    batch: int

    def instances(self) -> Iterator[list[JsonValue]]:
        """What the endpoint is sent, request by request."""
        return ([row["columns"] for row in rows] for rows in self._batches())

    def labels(self) -> Iterator[list[JsonValue]]:
        """What is true of these rows, in the same order; null where nothing is known."""
        return ([row["label"] for row in rows] for rows in self._batches())

    def _batches(self) -> Iterator[list[dict[str, JsonValue]]]:
        with self.file.open(encoding="utf-8") as lines:
            while some := [json.loads(line) for line in islice(lines, self.batch)]:
                yield some


def draw_sample(tfx: Tfx, arguments: Sequence[str], output: Path) -> Sample:
    """Draws rows into a file, by the arguments of `python -m tfx_runtime.sample_rows`.

    Raises:
      InputError: the arguments do not go with the data; the message is the command's own.
      SetupError: the TFX environment is not there, or the command ended in another way.
    """
    printed: list[str] = []
    command = tfx.command("tfx_runtime.sample_rows", *arguments, "--output", str(output))
    code = command.run(printed.append)
    told = without_native_log(printed)
    if code == _MISTAKE:
        raise InputError("\n".join(told))
    try:
        return Sample.model_validate_json(told[-1] if told and not code else "")
    except ValidationError:
        raise SetupError(
            f"The rows cannot be read: the command ended with {describe_exit(code)}. "
            "Its last lines:\n" + "\n".join(told[-_SHOWN_LINES:])
        ) from None
