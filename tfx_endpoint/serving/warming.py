"""Calls before the first request: TensorFlow optimizes a graph and its kernels when first used."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfx_contract.manifest import GoldenAnswers
from tfx_endpoint.errors import RequestError
from tfx_endpoint.serving.decoding import Decoder
from tfx_endpoint.serving.loaded import Arrays, LoadedModel, one_line
from tfx_endpoint.serving.signatures import SignatureSpec
from tfx_endpoint.settings import Limits

_SIZES = (1, 8, 64, 512)
_TIMES = 3

log = logging.getLogger(__name__)


def warm_up(
    model: LoadedModel,
    decoders: Mapping[str, Decoder],
    golden: GoldenAnswers | None,
    limits: Limits,
) -> None:
    """Calls every signature at several batch sizes, with golden instances where they fit.

    One that cannot be called without knowing its data is left cold, with a line in the log.
    """
    sizes = [size for size in _SIZES if size <= limits.max_batch_size]
    for name, spec in model.signatures.items():
        row = _golden_row(decoders[name], golden) or _blank_row(spec)
        try:
            for size in sizes if spec.has_batches else (1,):
                _call(model, name, row, size)
        except Exception as error:  # A signature may refuse what was made up.
            log.info("signature '%s' was not warmed up: %s", name, one_line(error))


def _call(model: LoadedModel, name: str, row: Arrays, size: int) -> None:
    batch = row if size == 1 else {key: np.repeat(array, size, 0) for key, array in row.items()}
    for _ in range(_TIMES):
        model.call(name, batch)


def _golden_row(decoder: Decoder, golden: GoldenAnswers | None) -> Arrays | None:
    try:
        return decoder.rows(golden.instances[:1]) if golden else None
    except RequestError:  # They are another signature's.
        return None


def _blank_row(spec: SignatureSpec) -> Arrays:
    """Zeros and empty texts; an empty text is a serialized tf.Example, too."""
    return {
        name: _blank([1 if size is None else size for size in tensor.shape or [1]], tensor.dtype)
        for name, tensor in spec.inputs.items()
    }


def _blank(shape: list[int], dtype: str) -> np.ndarray[Any, Any]:
    if dtype == "string":
        return np.full(shape, b"", object)
    return np.zeros(shape, tf.as_dtype(dtype).as_numpy_dtype)
