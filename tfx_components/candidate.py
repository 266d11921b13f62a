"""A SavedModel that is asked with serialized examples, as the endpoint would ask it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import path_utils

_BATCH = 2_000


class Candidate:
    """A model, loaded once."""

    def __init__(self, saved: str) -> None:
        self._model = tf.saved_model.load(saved)

    @classmethod
    def of_artifact(cls, model: Artifact) -> Candidate:
        """The model that is served, of a Trainer's or an importer's artifact."""
        is_old = path_utils.is_old_model_artifact(model)
        return cls(path_utils.serving_model_path(model.uri, is_old))

    def predict(self, signature: str, examples: Sequence[bytes]) -> list[Any]:
        """A prediction of each: the bare value of the one output, or an object of outputs by name.

        Raises:
          ValueError: there is no such signature, or it takes something else.
        """
        return _rows(self._ask(signature, examples))

    def labels(self, signature: str, label: str, examples: Sequence[bytes]) -> list[Any]:
        """The label of each, as the model's transformation makes it.

        Raises:
          ValueError: the signature does not give one.
        """
        outputs = self._ask(signature, examples)
        if label not in outputs:
            raise ValueError(f"signature '{signature}' gives {', '.join(outputs)}, and no {label}")
        return _rows({label: outputs[label]})

    def _ask(self, signature: str, examples: Sequence[bytes]) -> dict[str, np.ndarray[Any, Any]]:
        signatures = self._model.signatures
        if signature not in signatures:
            raise ValueError(f"found no signature '{signature}', only {', '.join(signatures)}")
        call = signatures[signature]
        inputs: dict[str, tf.TensorSpec] = call.structured_input_signature[1]
        if [spec.dtype for spec in inputs.values()] != [tf.string]:
            raise ValueError(f"signature '{signature}' takes {', '.join(inputs)} and no tf.Example")
        (name,) = inputs
        answers = call(**{name: tf.constant(list(examples))})
        return {key: _dense(answers[key]).numpy() for key in sorted(answers)}


def examples_of(artifact: Artifact, split: str, most: int) -> Iterator[list[bytes]]:
    """Serialized examples of a split, batch by batch; none where there is no such split."""
    if split not in artifact_utils.decode_split_names(artifact.split_names):
        return
    folder = artifact_utils.get_split_uri([artifact], split)
    files = sorted(fileio.glob(f"{folder}/*"))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").take(most).batch(_BATCH)
    for batch in records.as_numpy_iterator():
        yield batch.tolist()


def _dense(tensor: Any) -> tf.Tensor:
    return tf.sparse.to_dense(tensor) if isinstance(tensor, tf.SparseTensor) else tensor


def _rows(outputs: dict[str, np.ndarray[Any, Any]]) -> list[Any]:
    columns = {name: _texts(array.tolist()) for name, array in outputs.items()}
    if len(columns) == 1:
        rows: list[Any] = next(iter(columns.values()))
        return rows
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
