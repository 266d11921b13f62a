"""Reads both splits, asks the model, writes the reference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from absl import logging
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import io_utils

from tfx_components.candidate import Candidate, examples_of
from tfx_components.distributions.reference import Pair, Reference
from tfx_components.distributions.statistics import reference_statistics
from tfx_components.request_statistics.predictions import prediction_rows
from tfx_components.request_statistics.rows import RowReader

TRAIN, EVAL = "train", "eval"
# As many say all that bins can tell; more would only take memory.
_MOST_ROWS = 1_000_000
_MOST_PREDICTIONS = 200_000
# As many tell a metric well enough.
_MOST_LABELLED = 20_000

Properties = dict[str, Any]


class Executor(base_executor.BaseExecutor):
    """ServingReference's work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: Properties,
    ) -> None:
        """Writes the reference; without what the model's signatures do not give."""
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        schema_folder = artifact_utils.get_single_uri(input_dict["schema"])
        schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema_folder))
        candidate = Candidate.of_artifact(artifact_utils.get_single_instance(input_dict["model"]))
        target = Path(artifact_utils.get_single_uri(output_dict["reference"]))
        rows = _rows(examples, schema)
        predictions = _predictions(candidate, examples, exec_properties)
        labelled = _labelled(candidate, examples, exec_properties) if predictions else []
        Reference(schema, rows, predictions, labelled).write(target)


def _rows(examples: Artifact, schema: schema_pb2.Schema) -> Any:
    reader = RowReader(schema, [feature.name for feature in schema.feature])
    batches = [reader.decoded(batch) for batch in examples_of(examples, TRAIN, _MOST_ROWS)]
    return reference_statistics(batches, schema).datasets[0]


def _predictions(candidate: Candidate, examples: Artifact, properties: Properties) -> Any:
    signature = str(properties["signature"])
    batches = examples_of(examples, EVAL, _MOST_PREDICTIONS)
    try:
        predicted = [prediction_rows(candidate.predict(signature, batch)) for batch in batches]
    except ValueError as error:
        logging.warning("Predictions will not be compared: %s", error)
        return None
    return reference_statistics(predicted).datasets[0] if predicted else None


def _labelled(candidate: Candidate, examples: Artifact, properties: Properties) -> list[Pair]:
    batches = examples_of(examples, EVAL, _MOST_LABELLED)
    try:
        return [pair for batch in batches for pair in _pairs(candidate, batch, properties)]
    except ValueError as error:
        logging.warning("Performance will not be compared: %s", error)
        return []


def _pairs(candidate: Candidate, batch: list[bytes], properties: Properties) -> Iterator[Pair]:
    """Predictions, each with its label."""
    transform, label = (str(properties[name]) for name in ("preprocessing_signature", "label"))
    predictions = candidate.predict(str(properties["signature"]), batch)
    return zip(predictions, candidate.labels(transform, label, batch), strict=True)
