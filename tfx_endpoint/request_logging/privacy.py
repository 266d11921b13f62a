"""Takes out of payloads what must not be kept. What cannot be searched is withheld."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

import orjson
from google.protobuf.message import DecodeError
from pydantic import JsonValue

from tfx_contract.serving_spec import RequestLog
from tfx_endpoint.request_logging.tf_example import Example
from tfx_request_log.hashing import KeyedHash
from tfx_request_log.records import WITHHELD

# By the convention of our models (dags/_shared/signatures.py) these take features after the
# transformation, or begin so and give them: a column does not go by its name there, but its value
# shows.
_TAKES_FEATURES = "serving_transformed"
_GIVES_FEATURES = "transform_"
_BYTES = {"b64"}


class Unreadable(Exception):
    """A value that cannot be searched for columns."""


class Privacy:
    """Applies the rules of one model.

    Args:
      rules: `serving.log` of its model.yaml.
      hashes: The installation's keyed hash.
    """

    def __init__(self, rules: RequestLog, hashes: KeyedHash) -> None:
        self._drop = frozenset(rules.drop)
        self._hash = frozenset(rules.hash) - self._drop
        self._key = rules.key
        self._hashes = hashes
        self._hides = bool(self._drop | self._hash)

    def request(self, instances: list[JsonValue], signature: str) -> tuple[list[str], set[str]]:
        """JSON texts of a request's instances, and the keyed hashes of the persons in them."""
        persons: set[str] = set()
        if not self._hides and self._key is None:
            return [encode(instance) for instance in instances], persons
        hidden = self._hides and signature == _TAKES_FEATURES
        return [self._instance(value, persons, hidden) for value in instances], persons

    def response(self, predictions: list[JsonValue], signature: str) -> list[str]:
        """JSON texts of the answers; a model may pass columns through."""
        if not self._hides:
            return [encode(prediction) for prediction in predictions]
        if signature.startswith(_GIVES_FEATURES):
            return [WITHHELD] * len(predictions)
        return [encode(self._clean(value, set(), named=True)) for value in predictions]

    def _instance(self, instance: JsonValue, persons: set[str], hidden: bool) -> str:
        try:
            cleaned = self._clean(instance, persons, named=False)
        except Unreadable:
            cleaned, hidden = instance, self._hides
        return WITHHELD if hidden else encode(cleaned)

    def _clean(self, value: JsonValue, persons: set[str], named: bool) -> JsonValue:
        """Searches one value.

        Args:
          value: An instance, or a part of it.
          persons: The hashes of its persons are added here.
          named: It is the value of a column that may be kept, so it is known what it is.

        Raises:
          Unreadable: it is neither known nor a row or a serialized tf.Example.
        """
        if isinstance(value, list):
            return [self._clean(item, persons, named) for item in value]
        if _is_bytes(value):
            return self._clean_bytes(value, persons, named)
        if isinstance(value, dict):
            return self._clean_row(value, persons)
        if not named:
            raise Unreadable
        return value

    def _clean_row(self, row: dict[str, JsonValue], persons: set[str]) -> JsonValue:
        if self._key is not None and self._key in row:
            persons.update(self._persons(row[self._key]))
        # A single input of bytes is how serialized examples come, under any name.
        opaque = len(row) == 1 and _holds_bytes(next(iter(row.values())))
        cleaned: dict[str, JsonValue] = {}
        for column, value in row.items():
            if column in self._hash:
                cleaned[column] = _each(self._hashed, value)
            elif column not in self._drop:
                cleaned[column] = self._clean(value, persons, named=not opaque)
        return cleaned

    def _clean_bytes(self, value: JsonValue, persons: set[str], named: bool) -> JsonValue:
        cleaned = self._clean_example(_decode(value), persons)
        if cleaned is not None:
            return {"b64": base64.b64encode(cleaned).decode()}
        if not named:
            raise Unreadable
        return value

    def _clean_example(self, serialized: bytes, persons: set[str]) -> bytes | None:
        """The tf.Example without what is hidden; None when it is none."""
        example = Example()
        try:
            example.ParseFromString(serialized)
        except DecodeError:
            return None
        features = example.features.feature
        if not features:
            return None
        if self._key is not None and self._key in features:
            persons.update(self._persons(_values(features[self._key])))
        for column in self._drop & set(features):
            del features[column]
        for column in self._hash & set(features):
            hashed = [self._hashed(value) or "" for value in _values(features[column])]
            del features[column]
            features[column].bytes_list.value[:] = [text.encode() for text in hashed]
        # Fields of no known meaning cannot be searched, and are not kept.
        example.DiscardUnknownFields()
        return bytes(example.SerializeToString(deterministic=True))

    def _hashed(self, value: Any) -> str | None:
        """A missing value stays a missing value."""
        if value in (None, "", b""):
            return None if value is None else ""
        return self._hashes.of(value)

    def _persons(self, value: Any) -> set[str]:
        """The hashes of one value, or of those in a list; nobody's is missing."""
        if isinstance(value, list):
            return set().union(*map(self._persons, value))
        hashed = _each(self._hashed, value)
        return {hashed} if isinstance(hashed, str) and hashed else set()


def encode(value: JsonValue) -> str:
    """JSON; what is not finite becomes null."""
    try:
        encoded: bytes = orjson.dumps(value)
    except TypeError:
        # Whole numbers beyond 64 bits, and halves of surrogate pairs, which databases refuse raw.
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return encoded.decode()


def _each(function: Callable[[Any], str | None], value: Any) -> JsonValue:
    """Applies a function to every single value; bytes as what they are."""
    if isinstance(value, list):
        return [_each(function, item) for item in value]
    return function(_decode(value) if _is_bytes(value) else value)


def _is_bytes(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == _BYTES and isinstance(value["b64"], str)


def _holds_bytes(value: Any) -> bool:
    return _is_bytes(value) or (isinstance(value, list) and any(map(_holds_bytes, value)))


def _decode(value: Any) -> bytes:
    try:
        return base64.b64decode(value["b64"])
    except (binascii.Error, ValueError):
        raise Unreadable from None


def _values(feature: Any) -> list[Any]:
    """The values of a tf.Example's feature, floats as short as they were written."""
    import numpy as np

    if feature.WhichOneof("kind") == "float_list":
        return [float(str(np.float32(value))) for value in feature.float_list.value]
    return [*feature.bytes_list.value, *feature.int64_list.value]
