"""Single JSON values to arrays of one dtype: what is taken, what null means, what is refused.

Each kind converts a whole list at once. Only when that fails is the list gone through again, value
by value, for the one to blame.
"""

from __future__ import annotations

import binascii
import json
import math
from abc import ABC, abstractmethod
from typing import Any, NoReturn

import numpy as np
import tensorflow as tf

_LONGEST_VALUE = 40

Array = np.ndarray[Any, Any]


class Unfit(Exception):
    """A value is of the wrong kind.

    Attributes:
      position: Its place in the list; the message says what it is, and what is expected.
    """

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position


class Kind(ABC):
    """How values of one dtype are written in JSON."""

    allowed: str
    takes_null = False

    def __init__(self, dtype: str) -> None:
        self.dtype = tf.as_dtype(dtype).as_numpy_dtype

    def convert(self, values: list[Any]) -> Array:
        """One dimension; raises Unfit for the first value that does not fit."""
        try:
            return self._convert(values)
        except (TypeError, ValueError, OverflowError):
            self._blame(values)

    @abstractmethod
    def _convert(self, values: list[Any]) -> Array:
        """All at once; raises for any value that does not fit."""

    def _blame(self, values: list[Any]) -> NoReturn:
        for position, value in enumerate(values):
            try:
                self._convert([value])
            except (TypeError, ValueError, OverflowError) as error:
                raise Unfit(position, self._fault(value, error)) from None
        raise Unfit(0, f"expected {self.allowed}")

    def _fault(self, value: Any, error: Exception) -> str:
        return f"found {describe(value)}, expected {self.allowed}"


class Floats(Kind):
    """Numbers; null is missing, which is NaN."""

    allowed = "a number or null"
    takes_null = True

    def _convert(self, values: list[Any]) -> Array:
        _require(values, {int, float, type(None)})
        array = np.array(values, np.float64)
        if array.dtype != self.dtype:
            with np.errstate(over="ignore"):
                array = array.astype(self.dtype)
        # What is not finite and was not null is NaN, infinite, or too large for the dtype.
        if len(values) - np.count_nonzero(np.isfinite(array)) != values.count(None):
            raise OverflowError
        return array

    def _fault(self, value: Any, error: Exception) -> str:
        if type(value) in (int, float):
            return f"found {describe(value)}, which is no finite {self.dtype.__name__}"
        return super()._fault(value, error)


class Integers(Kind):
    """Whole numbers, 2.0 among them."""

    allowed = "a whole number"

    def _convert(self, values: list[Any]) -> Array:
        kinds = _require(values, {int, float})
        if float in kinds:
            if not all(map(_is_whole, values)):
                raise ValueError
            values = list(map(int, values))
        return np.array(values, self.dtype)

    def _fault(self, value: Any, error: Exception) -> str:
        if type(value) in (int, float) and _is_whole(value):
            return f"found {describe(value)}, which is no {self.dtype.__name__}"
        return super()._fault(value, error)


class Booleans(Kind):
    """true and false, and nothing that could stand for them."""

    allowed = "true or false"

    def _convert(self, values: list[Any]) -> Array:
        _require(values, {bool})
        return np.array(values, self.dtype)


class Texts(Kind):
    """Texts, and bytes as {"b64": …}; null is missing, which is the empty text."""

    allowed = 'a text, {"b64": "…"} or null'
    takes_null = True

    def _convert(self, values: list[Any]) -> Array:
        return _objects([v.encode() if type(v) is str else _bytes(v) for v in values])

    def _fault(self, value: Any, error: Exception) -> str:
        if isinstance(error, binascii.Error):
            return f"found {describe(value)}, which is not base64: {str(error).lower()}"
        if isinstance(error, UnicodeEncodeError):
            return f"found {describe(value)}, which is no Unicode text"
        return super()._fault(value, error)


def kind_of(dtype: str) -> Kind:
    """The kind that writes a dtype, as TensorFlow names it."""
    if dtype == "string":
        return Texts(dtype)
    if dtype == "bool":
        return Booleans(dtype)
    return Integers(dtype) if tf.as_dtype(dtype).is_integer else Floats(dtype)


def is_bytes(value: object) -> bool:
    """Whether it is written as bytes are: {"b64": …}."""
    return isinstance(value, dict) and value.keys() == {"b64"}


def describe(value: object) -> str:
    """A value as a message can quote it, however large it is."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict) and not is_bytes(value):
        return "an object"
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _require(values: list[Any], allowed: set[type]) -> set[type]:
    kinds = set(map(type, values))
    if not kinds <= allowed:
        raise TypeError
    return kinds


def _is_whole(value: float) -> bool:
    return math.isfinite(value) and value == int(value)


def _bytes(value: Any) -> bytes:
    if value is None:
        return b""
    if is_bytes(value):
        # Otherwise whatever is outside its alphabet would be skipped.
        return binascii.a2b_base64(value["b64"], strict_mode=True)
    raise TypeError


def _objects(values: list[bytes]) -> Array:
    array = np.empty(len(values), object)
    array[:] = values
    return array
