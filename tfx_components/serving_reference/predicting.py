"""What a SavedModel answers to serialized examples, as the endpoint would say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf


def predict(saved: str, signature: str, batches: Iterable[list[bytes]]) -> Iterator[list[Any]]:
    """Predictions of each batch: bare values of the one output, or objects of outputs by name.

    Raises:
      ValueError: there is no such signature, or it takes something else.
    """
    model = tf.saved_model.load(saved)
    if signature not in model.signatures:
        raise ValueError(f"found no signature '{signature}', only {', '.join(model.signatures)}")
    call = model.signatures[signature]
    inputs: dict[str, tf.TensorSpec] = call.structured_input_signature[1]
    if [spec.dtype for spec in inputs.values()] != [tf.string]:
        raise ValueError(f"signature '{signature}' takes {', '.join(inputs)} and no tf.Example")
    (name,) = inputs
    for batch in batches:
        outputs = call(**{name: tf.constant(batch)})
        yield _rows({key: tensor.numpy() for key, tensor in outputs.items()})


def _rows(outputs: dict[str, np.ndarray[Any, Any]]) -> list[Any]:
    columns = {name: _texts(array.tolist()) for name, array in sorted(outputs.items())}
    if len(columns) == 1:
        rows: list[Any] = next(iter(columns.values()))
        return rows
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
