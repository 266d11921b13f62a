"""Predicts rows of a pushed version's own data: `python -m tfx_runtime.predict VERSION --rows 10`.

It loads the version in a process of its own with TensorFlow alone, as a server would. The rows are
those that the version was judged by and did not learn from, whatever format they came in.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

from tfx_components.example_rows import row_of_example
from tfx_components.rows import columns_from_rows
from tfx_contract.errors import InputError, TfxAirflowError
from tfx_contract.manifest import SAVED_MODEL_FOLDER, VersionManifest
from tfx_runtime.version_rows import (
    JSON_SIGNATURE,
    JUDGED,
    Values,
    by_row,
    examples_of,
    read_manifest,
    transformed_labels,
)

_DEFAULT_SIGNATURE = "serving_default"
_SHOWN_COLUMNS = 6
_SHOWN_CHARACTERS = 24


@dataclass(frozen=True)
class Prediction:
    """One row: its raw columns, what the model says, and the label where it is known."""

    columns: Values
    outputs: Values
    label: Values


def predict(version: Path, count: int) -> list[Prediction]:
    """The first rows of the version's data.

    Raises:
      InputError: it is no version, its data is gone, or it has no signature that takes rows.
    """
    manifest = read_manifest(version)
    model = tf.saved_model.load(str(version / SAVED_MODEL_FOLDER))
    examples = _first_examples(manifest, count)
    rows = [row_of_example(example) for example in examples]
    if JSON_SIGNATURE in model.signatures:
        rows, outputs = _of_columns(model.signatures[JSON_SIGNATURE], rows)
    elif _DEFAULT_SIGNATURE in model.signatures:
        outputs = model.signatures[_DEFAULT_SIGNATURE](tf.constant(examples))
    else:
        raise InputError(
            f"{version}: expected a signature '{JSON_SIGNATURE}' or '{_DEFAULT_SIGNATURE}'; "
            f"the model has {', '.join(model.signatures)}."
        )
    labels = transformed_labels(model.signatures, examples)
    answers = by_row(outputs, len(rows))
    return [Prediction(*values) for values in zip(rows, answers, labels, strict=True)]


def _of_columns(signature: Any, rows: list[Values]) -> tuple[list[Values], Any]:
    """The columns that the signature takes, and what it says."""
    inputs = dict(sorted(signature.structured_input_signature[1].items()))
    taken = [{name: row.get(name) for name in inputs} for row in rows]
    return taken, signature(**columns_from_rows(taken, inputs))


def _first_examples(manifest: VersionManifest, count: int) -> list[bytes]:
    examples: list[bytes] = list(examples_of(manifest, JUDGED).take(count).as_numpy_iterator())
    if not examples:
        raise InputError(f"Version {manifest.version}: the split that it was judged by is empty.")
    return examples


def table(predictions: Sequence[Prediction]) -> str:
    """A few columns of the rows, and what the model says, for a terminal."""
    names = _telling_columns([prediction.columns for prediction in predictions])
    rows = [{n: p.columns[n] for n in names} | p.outputs | p.label for p in predictions]
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _telling_columns(rows: Sequence[Values]) -> list[str]:
    """The columns that tell the rows apart best, texts before numbers."""

    def telling(name: str) -> tuple[bool, int]:
        values = {row[name] for row in rows}
        return len(values) > 1 and any(isinstance(v, str) for v in values), len(values)

    return sorted(rows[0], key=telling, reverse=True)[:_SHOWN_COLUMNS]


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return _cut(" ".join(map(_cell, value)))
    return _cut(
        "-" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
    )


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def main() -> int:
    """Prints the rows; on a mistake of the user's, the message, and exits 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", type=Path, help="folder of a pushed version")
    parser.add_argument("--rows", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        rows = predict(arguments.version.resolve(), arguments.rows)
    except TfxAirflowError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps([asdict(row) for row in rows]) if arguments.json else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
