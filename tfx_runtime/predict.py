"""Predicts rows of a pushed version's own data: `python -m tfx_runtime.predict VERSION --rows 10`.

It loads the version in a process of its own with TensorFlow alone, as a server would.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_components.rows import Row, columns_from_rows, examples_from_rows
from tfx_contract.errors import InputError, TfxAirflowError
from tfx_contract.manifest import MANIFEST_FILE, SAVED_MODEL_FOLDER, VersionManifest
from tfx_runtime.uris import resolve_uri

_JSON_SIGNATURE = "serving_json"
_FEATURES_SIGNATURE = "serving_transformed"
_TRANSFORM_SIGNATURE = "transform_features"
_SHOWN_COLUMNS = 6
_SHOWN_CHARACTERS = 24
_TYPES = {
    schema_pb2.BYTES: tf.string,
    schema_pb2.INT: tf.int64,
    schema_pb2.FLOAT: tf.float32,
}


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
      InputError: it is no version, its data is gone, or it has no signature for raw columns.
    """
    manifest = _manifest(version)
    model = tf.saved_model.load(str(version / SAVED_MODEL_FOLDER))
    if _JSON_SIGNATURE not in model.signatures:
        raise InputError(
            f"{version}: expected a signature '{_JSON_SIGNATURE}' for raw columns; "
            f"the model has {', '.join(model.signatures)}."
        )
    signature = model.signatures[_JSON_SIGNATURE]
    inputs = dict(sorted(signature.structured_input_signature[1].items()))
    texts = _first_rows(manifest, count)
    rows = [_typed(row, inputs) for row in texts]
    outputs = {key: t.numpy() for key, t in signature(**columns_from_rows(rows, inputs)).items()}
    labels = _labels(manifest, model.signatures, texts)
    return [
        Prediction(dict(row), {key: _plain(v[i]) for key, v in outputs.items()}, labels[i])
        for i, row in enumerate(rows)
    ]


def _manifest(version: Path) -> VersionManifest:
    try:
        return VersionManifest.read(version / MANIFEST_FILE)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{version}: expected a pushed version with a manifest: {error}"
        ) from error


def _first_rows(manifest: VersionManifest, count: int) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for source in manifest.data:
        for path in sorted(Path(resolve_uri(source.uri)).glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                rows += itertools.islice(csv.DictReader(file), count - len(rows))
    if not rows:
        raise InputError(f"The data of version {manifest.version} is gone: {manifest.data}")
    return rows


def _typed(row: dict[str, str], inputs: dict[str, tf.TensorSpec]) -> Row:
    return {name: _value(row.get(name, ""), spec.dtype) for name, spec in inputs.items()}


def _value(text: str, dtype: tf.DType) -> str | int | float | None:
    """Numbers as the file shows them, blanks as missing."""
    if text == "":
        return None
    if dtype == tf.string:
        return text
    number = float(text)
    return int(number) if dtype.is_integer or text.lstrip("-").isdigit() else number


def _labels(manifest: VersionManifest, signatures: Any, rows: list[dict[str, str]]) -> list[Values]:
    """The label as the transformation makes it: what it gives and the model does not take."""
    types = _raw_types(manifest)
    if not types or not {_TRANSFORM_SIGNATURE, _FEATURES_SIGNATURE} <= set(signatures):
        return [{} for _ in rows]
    typed = [{k: _value(row.get(k, ""), t) for k, t in types.items()} for row in rows]
    transformed = signatures[_TRANSFORM_SIGNATURE](examples_from_rows(typed, types))
    taken = signatures[_FEATURES_SIGNATURE].structured_input_signature[1]
    labels = {key: tensor.numpy() for key, tensor in transformed.items() if key not in taken}
    return [{key: _plain(value[i]) for key, value in labels.items()} for i in range(len(rows))]


def _raw_types(manifest: VersionManifest) -> dict[str, tf.DType]:
    record = manifest.artifacts.get("schema")
    path = Path(record.uri) / "schema.pbtxt" if record else None
    if path is None or not path.exists():
        return {}
    schema = text_format.Parse(path.read_text(encoding="utf-8"), schema_pb2.Schema())
    return {f.name: _TYPES[f.type] for f in schema.feature if f.type in _TYPES}


def _plain(value: Any) -> Any:
    flat = value.reshape(-1).tolist()
    return flat[0] if len(flat) == 1 else flat


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
    text = "-" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
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
