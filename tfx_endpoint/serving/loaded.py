"""A SavedModel in memory, and what TensorFlow's failures mean to a caller."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfx_endpoint.errors import Code, RequestError
from tfx_endpoint.serving.signatures import SignatureSpec, read_signatures

Arrays = dict[str, np.ndarray[Any, Any]]

_LONGEST_REASON = 300
_NODE_NAMES = re.compile(r"\{\{\S* [^}]*\}\}")
_NOISE = re.compile(r'Graph execution error|Detected at node|<stack traces|File "|\d+ root error')


class LoadedModel:
    """Signatures that can be called with arrays.

    Attributes:
      signatures: What callers may ask for, by name.
    """

    def __init__(self, model: Any) -> None:
        # The functions alone do not keep the model's variables and tables alive.
        self._model = model
        self._functions = dict(model.signatures)
        self.signatures: dict[str, SignatureSpec] = read_signatures(model)

    @classmethod
    def load(cls, saved_model: Path) -> LoadedModel:
        """Reads a SavedModel, in the calling thread.

        Raises:
          RequestError: FAILED_PRECONDITION; there is none, it is damaged, or it serves nothing.
        """
        try:
            loaded = cls(tf.saved_model.load(str(saved_model)))
        except Exception as error:  # TensorFlow names no types for what a damaged file may raise.
            raise _unloadable(saved_model, one_line(error)) from error
        if not loaded.signatures:
            raise _unloadable(saved_model, "it has no signatures")
        return loaded

    def call(self, signature: str, tensors: Arrays) -> Arrays:
        """The outputs by name; raises whatever TensorFlow raises."""
        spec = self.signatures[signature]
        outputs = self._functions[signature](
            **{name: tf.constant(array, spec.inputs[name].dtype) for name, array in tensors.items()}
        )
        return {name: _array(outputs[name]) for name in spec.outputs}


def refusal(error: Exception) -> RequestError:
    """What a failed call means: a wrong request, too little memory, or a failure of the model."""
    if isinstance(error, RequestError):
        return error
    if isinstance(error, tf.errors.InvalidArgumentError | TypeError | ValueError):
        return RequestError(Code.INVALID_ARGUMENT, one_line(error))
    if isinstance(error, tf.errors.ResourceExhaustedError | MemoryError):
        return RequestError(Code.RESOURCE_EXHAUSTED, one_line(error))
    return RequestError(Code.INTERNAL, one_line(error))


def one_line(error: Exception) -> str:
    """The reason alone, without TensorFlow's traces and node names."""
    text = _NODE_NAMES.sub("", _message(error)).partition("\n\t [[")[0]
    lines = (line.strip() for line in text.partition(" [Op:")[0].splitlines())
    reason = next((line for line in lines if line and not _NOISE.match(line)), "")
    readable = "".join(letter if letter.isprintable() else "\ufffd" for letter in reason)
    return readable[:_LONGEST_REASON] or type(error).__name__


def _message(error: Exception) -> str:
    # TensorFlow quotes bytes of a request, and fails to decode its own message.
    if isinstance(error, UnicodeDecodeError):
        return error.object.decode("utf-8", "replace")
    return str(error)


def _unloadable(saved_model: Path, reason: str) -> RequestError:
    message = f"the SavedModel in {saved_model} cannot be loaded: {reason}"
    return RequestError(Code.FAILED_PRECONDITION, message)


def _array(tensor: Any) -> np.ndarray[Any, Any]:
    # Without its dtype a single text would lose the zero bytes at its end.
    return np.asarray(tensor.numpy(), object if tensor.dtype == tf.string else None)
