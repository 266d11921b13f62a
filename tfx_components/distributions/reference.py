"""What requests to a version are compared with, as files.

schema.pbtxt    of the rows that the model learned from
rows.pb         statistics of the train split, in bins of its own
predictions.pb  statistics of what the model predicted on the eval split, likewise; may be missing
labelled.json   predictions on the eval split, each with its label; may be empty
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from tfx_contract.errors import InputError

_SCHEMA, _ROWS, _PREDICTIONS = "schema.pbtxt", "rows.pb", "predictions.pb"
_LABELLED = "labelled.json"

DataSet: TypeAlias = statistics_pb2.DatasetFeatureStatistics
# A prediction and what turned out to be true, as JSON has them.
Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Reference:
    """Statistics of one data set each, and labelled predictions."""

    schema: schema_pb2.Schema
    rows: statistics_pb2.DatasetFeatureStatistics
    predictions: statistics_pb2.DatasetFeatureStatistics | None = None
    labelled: list[Pair] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> Reference:
        """Reads the files.

        Raises:
          InputError: they are not there.
        """
        if not (folder / _ROWS).exists():
            raise InputError(
                f"{folder}: there are no statistics to compare requests with. A version has them "
                f"that was trained with the key 'drift' in model.yaml; train a new one."
            )
        schema = text_format.Parse((folder / _SCHEMA).read_text(), schema_pb2.Schema())
        predictions = folder / _PREDICTIONS
        return cls(
            schema,
            read_data_set(folder / _ROWS),
            read_data_set(predictions) if predictions.exists() else None,
            read_pairs(folder / _LABELLED),
        )

    def write(self, folder: Path) -> None:
        """Writes the files."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _SCHEMA).write_text(text_format.MessageToString(self.schema))
        write_data_set(folder / _ROWS, self.rows)
        if self.predictions is not None:
            write_data_set(folder / _PREDICTIONS, self.predictions)
        write_pairs(folder / _LABELLED, self.labelled)


def read_data_set(path: Path) -> DataSet:
    """The statistics of one data set, as TFDV stores them."""
    data_set: DataSet
    (data_set,) = tfdv.load_stats_binary(str(path)).datasets
    return data_set


def write_data_set(path: Path, data_set: DataSet) -> None:
    """Stores them so that TFDV's own tools read them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    statistics = statistics_pb2.DatasetFeatureStatisticsList(datasets=[data_set])
    path.write_bytes(statistics.SerializeToString(deterministic=True))


def read_pairs(path: Path) -> list[Pair]:
    """Labelled predictions."""
    return [(prediction, label) for prediction, label in json.loads(path.read_text())]


def write_pairs(path: Path, pairs: list[Pair]) -> None:
    """Stores them."""
    path.write_text(json.dumps(pairs))
