"""Reads both splits, asks the model, writes the reference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from absl import logging
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import io_utils, path_utils

from tfx_components.distributions.reference import Reference
from tfx_components.distributions.statistics import reference_statistics
from tfx_components.request_statistics.predictions import prediction_rows
from tfx_components.request_statistics.rows import RowReader
from tfx_components.serving_reference.predicting import predict

TRAIN, EVAL = "train", "eval"
_BATCH = 2_000
# As many say all that bins can tell; more would only take memory.
_MOST_ROWS = 1_000_000
_MOST_PREDICTIONS = 200_000


class Executor(base_executor.BaseExecutor):
    """ServingReference's work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the reference; without predictions where the signature takes no examples."""
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        schema_folder = artifact_utils.get_single_uri(input_dict["schema"])
        schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema_folder))
        model = artifact_utils.get_single_instance(input_dict["model"])
        saved = path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model))
        target = Path(artifact_utils.get_single_uri(output_dict["reference"]))
        rows = _rows(examples, schema)
        predictions = _predictions(examples, saved, str(exec_properties["signature"]))
        Reference(schema, rows, predictions).write(target)


def _rows(examples: Artifact, schema: schema_pb2.Schema) -> Any:
    reader = RowReader(schema, [feature.name for feature in schema.feature])
    batches = [reader.decoded(batch) for batch in _batches(examples, TRAIN, _MOST_ROWS)]
    return reference_statistics(batches, schema).datasets[0]


def _predictions(examples: Artifact, saved: str, signature: str) -> Any:
    batches = _batches(examples, EVAL, _MOST_PREDICTIONS)
    try:
        predicted = [prediction_rows(some) for some in predict(saved, signature, batches)]
    except ValueError as error:
        logging.warning("Predictions will not be compared: %s", error)
        return None
    return reference_statistics(predicted).datasets[0] if predicted else None


def _batches(examples: Artifact, split: str, most: int) -> Iterator[list[bytes]]:
    """Serialized examples of a split."""
    if split not in artifact_utils.decode_split_names(examples.split_names):
        return
    folder = artifact_utils.get_split_uri([examples], split)
    files = sorted(fileio.glob(f"{folder}/*"))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").take(most).batch(_BATCH)
    for batch in records.as_numpy_iterator():
        yield batch.tolist()
