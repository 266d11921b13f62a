"""Writes rows as files of each format."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from tfx_components.values import example_of

Rows = Sequence[dict[str, Any]]

# 0 and false are values, None is none: TFX's own executors for Avro and Parquet mix them up.
ROWS: Rows = [
    {"fare": 0.0, "miles": 0, "payment_type": "Card"},
    {"fare": 2.5, "miles": 7, "payment_type": None},
    {"fare": None, "miles": None, "payment_type": "Cash"},
]
_AVRO_TYPES = {"fare": "double", "miles": "long", "payment_type": "string"}


def write_csv(path: Path, rows: Rows = ROWS) -> None:
    with _made(path).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_parquet(path: Path, rows: Rows = ROWS, schema: pa.Schema | None = None) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), _made(path))


def write_avro(path: Path, rows: Rows = ROWS, fields: dict[str, Any] | None = None) -> None:
    types = fields or {name: ["null", _AVRO_TYPES[name]] for name in rows[0]}
    named = [{"name": name, "type": kind} for name, kind in types.items()]
    schema = {"type": "record", "name": "row", "fields": named}
    with _made(path).open("wb") as file:
        fastavro.writer(file, schema, rows)


def write_tf_records(path: Path, rows: Rows = ROWS) -> None:
    write_records(path, [example_of(row).SerializeToString() for row in rows])


def write_records(path: Path, records: Sequence[bytes]) -> None:
    options = tf.io.TFRecordOptions("GZIP" if path.suffix == ".gz" else "")
    with tf.io.TFRecordWriter(str(_made(path)), options) as writer:
        for record in records:
            writer.write(record)


def read_split(uri: str, split: str) -> list[dict[str, list[Any]]]:
    """The rows of one split of an Examples artifact; a missing value is an empty list."""
    files = [str(path) for path in Path(uri).glob(f"Split-{split}/*.gz")]
    records = tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
    rows = [tf.train.Example.FromString(record).features.feature for record in records]
    return sorted(({name: _values(row[name]) for name in sorted(row)} for row in rows), key=repr)


def read_rows(uri: str) -> list[dict[str, list[Any]]]:
    """The rows of both splits."""
    return sorted([*read_split(uri, "train"), *read_split(uri, "eval")], key=repr)


def _values(feature: tf.train.Feature) -> list[Any]:
    kind = feature.WhichOneof("kind")
    return list(getattr(feature, kind).value) if kind else []


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
