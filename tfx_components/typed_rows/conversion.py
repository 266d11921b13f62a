"""Converts the values of a `tf.Example` to the types of a schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_contract.errors import DataError

Types = Mapping[str, int]


def types_of(schema: schema_pb2.Schema) -> Types:
    """The type of each column."""
    return {feature.name: feature.type for feature in schema.feature if feature.type in _KINDS}


def converted(serialized: bytes, types: Types) -> bytes:
    """The same row, every value of the schema's type.

    Raises:
      DataError: a value cannot be; the message names the column, the value and the type.
    """
    example = tf.train.Example.FromString(serialized)
    features = example.features.feature
    wrong = [name for name in features if not _fits(features[name], types.get(name))]
    if not wrong:
        return serialized
    for name in wrong:
        kind = features[name].WhichOneof("kind")
        values = [_cast(name, v, types[name]) for v in getattr(features[name], kind).value]
        getattr(features[name], _KINDS[types[name]]).value[:] = values
    result: bytes = example.SerializeToString()
    return result


def _fits(feature: tf.train.Feature, wanted: int | None) -> bool:
    return wanted is None or feature.WhichOneof("kind") in (None, _KINDS[wanted])


def _cast(name: str, value: Any, wanted: int) -> Any:
    try:
        return _CASTS[wanted](value)
    except ValueError as error:
        raise DataError(
            f"Column '{name}': found {value!r}; this version of the model takes "
            f"{schema_pb2.FeatureType.Name(wanted)} (schema.pbtxt). Correct the rows."
        ) from error


def _whole(value: Any) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError("not a whole number")
    return int(value)


_KINDS = {
    schema_pb2.INT: "int64_list",
    schema_pb2.FLOAT: "float_list",
    schema_pb2.BYTES: "bytes_list",
}
_CASTS: dict[int, Callable[[Any], Any]] = {
    schema_pb2.INT: _whole,
    schema_pb2.FLOAT: float,
    schema_pb2.BYTES: lambda value: str(value).encode(),
}
