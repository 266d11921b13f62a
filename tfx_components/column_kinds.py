"""Which kind of feature a type of Arrow or Avro becomes; `tfx_components.columns` has the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

INT, FLOAT, TEXT, NULL = "int", "float", "text", "null"

_types = pa.types
_ARROW: dict[str, list[Callable[[Any], bool]]] = {
    NULL: [_types.is_null],
    INT: [_types.is_boolean, _types.is_integer, _types.is_timestamp, _types.is_date],
    FLOAT: [_types.is_floating, _types.is_decimal],
    TEXT: [
        _types.is_string,
        _types.is_large_string,
        _types.is_binary,
        _types.is_large_binary,
        _types.is_fixed_size_binary,
    ],
}
_ARROW_LISTS = [_types.is_list, _types.is_large_list, _types.is_fixed_size_list]
_AVRO = {
    "null": NULL,
    **dict.fromkeys(["boolean", "int", "long"], INT),
    **dict.fromkeys(["float", "double"], FLOAT),
    **dict.fromkeys(["string", "bytes", "fixed", "enum"], TEXT),
}
_AVRO_REFUSED = {"time-millis", "time-micros", "duration"}


class UnsupportedType(Exception):
    """A type that a `tf.Example` cannot hold."""


def arrow_kind(data_type: Any) -> str:
    """The kind of an Arrow type; raises UnsupportedType."""
    if _types.is_dictionary(data_type):
        return arrow_kind(data_type.value_type)
    if any(is_it(data_type) for is_it in _ARROW_LISTS):
        return _list_of(arrow_kind(data_type.value_type), str(data_type))
    for kind, checks in _ARROW.items():
        if any(is_it(data_type) for is_it in checks):
            return kind
    raise UnsupportedType(str(data_type))


def avro_kind(schema: Any, seen: dict[str, str]) -> str:
    """The kind of an Avro schema; raises UnsupportedType.

    `seen` collects the named types, which Avro spells out once and names from then on.
    """
    if isinstance(schema, list):
        return _union(schema, seen)
    if isinstance(schema, str):
        return _known(schema, _AVRO | seen)
    kind = _declared(schema, seen)
    if "name" in schema:
        seen[schema["name"]] = kind
    return kind


def _declared(schema: dict[str, Any], seen: dict[str, str]) -> str:
    base, logical = schema["type"], schema.get("logicalType")
    if base == "array":
        return _list_of(avro_kind(schema["items"], seen), "array")
    if logical in _AVRO_REFUSED:
        raise UnsupportedType(logical)
    # Readers take a logical type that they do not know for the type below it.
    return FLOAT if logical == "decimal" else avro_kind(base, seen)


def _union(branches: list[Any], seen: dict[str, str]) -> str:
    kinds = {avro_kind(branch, seen) for branch in branches} - {NULL}
    if len(kinds) > 1:
        raise UnsupportedType(f"'union of {', '.join(sorted(kinds))}'")
    return kinds.pop() if kinds else NULL


def _known(name: str, kinds: dict[str, str]) -> str:
    if name not in kinds:
        raise UnsupportedType(name)
    return kinds[name]


def _list_of(kind: str, shown: str) -> str:
    if kind.startswith("list"):
        raise UnsupportedType(shown)
    return NULL if kind == NULL else f"list of {kind}"
