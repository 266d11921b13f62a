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

from tfx_components.example_rows import plain_value, row_of_example
from tfx_components.rows import columns_from_rows
from tfx_contract.errors import InputError, TfxAirflowError
from tfx_contract.manifest import MANIFEST_FILE, SAVED_MODEL_FOLDER, VersionManifest

_DEFAULT_SIGNATURE = "serving_default"
_JSON_SIGNATURE = "serving_json"
_FEATURES_SIGNATURE = "serving_transformed"
_TRANSFORM_SIGNATURE = "transform_features"
_SPLIT = "Split-eval"
_SHOWN_COLUMNS = 6
_SHOWN_CHARACTERS = 24


Values = dict[str, Any]


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
    manifest = _manifest(version)
    model = tf.saved_model.load(str(version / SAVED_MODEL_FOLDER))
    examples = _first_examples(manifest, count)
    rows = [row_of_example(example) for example in examples]
    if _JSON_SIGNATURE in model.signatures:
        rows, outputs = _of_columns(model.signatures[_JSON_SIGNATURE], rows)
    elif _DEFAULT_SIGNATURE in model.signatures:
        outputs = model.signatures[_DEFAULT_SIGNATURE](tf.constant(examples))
    else:
        raise InputError(
            f"{version}: expected a signature '{_JSON_SIGNATURE}' or '{_DEFAULT_SIGNATURE}'; "
            f"the model has {', '.join(model.signatures)}."
        )
    labels = _labels(model.signatures, examples)
    by_row = _by_row(outputs, len(rows))
    return [Prediction(*values) for values in zip(rows, by_row, labels, strict=True)]


def _of_columns(signature: Any, rows: list[Values]) -> tuple[list[Values], Any]:
    """The columns that the signature takes, and what it says."""
    inputs = dict(sorted(signature.structured_input_signature[1].items()))
    taken = [{name: row.get(name) for name in inputs} for row in rows]
    return taken, signature(**columns_from_rows(taken, inputs))


def _manifest(version: Path) -> VersionManifest:
    try:
        return VersionManifest.read(version / MANIFEST_FILE)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{version}: expected a pushed version with a manifest: {error}"
        ) from error


def _first_examples(manifest: VersionManifest, count: int) -> list[bytes]:
    record = manifest.artifacts.get("examples")
    folder = Path(record.uri if record else "") / _SPLIT
    files = sorted(map(str, folder.glob("*.gz"))) if record else []
    rows = tf.data.TFRecordDataset(files, compression_type="GZIP").take(count)
    if not (examples := list(rows.as_numpy_iterator())):
        raise InputError(
            f"Version {manifest.version}: expected the examples that it was judged by in {folder}; "
            "they are gone. Run the model again."
        )
    return examples


def _labels(signatures: Any, examples: list[bytes]) -> list[Values]:
    """The label as the transformation makes it: what it gives and the model does not take."""
    if not {_TRANSFORM_SIGNATURE, _FEATURES_SIGNATURE} <= set(signatures):
        return [{} for _ in examples]
    transformed = signatures[_TRANSFORM_SIGNATURE](tf.constant(examples))
    taken = signatures[_FEATURES_SIGNATURE].structured_input_signature[1]
    return _by_row({k: v for k, v in transformed.items() if k not in taken}, len(examples))


def _by_row(tensors: dict[str, tf.Tensor], count: int) -> list[Values]:
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    return [{name: plain_value(a[i]) for name, a in arrays.items()} for i in range(count)]


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
