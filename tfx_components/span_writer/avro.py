"""Avro files with the schema of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
from fastavro.validation import ValidationError

Schema = Mapping[str, Any]


def write_avro(target: Path, rows: Sequence[Mapping[str, Any]], like: Path) -> None:
    """Writes rows of plain values; moments are whole seconds, and so on.

    Raises:
      ValueError, TypeError: a value has no place in a column.
    """
    with like.open("rb") as file:
        reader = fastavro.reader(file)
        schema, codec = reader.writer_schema, reader.codec
    named: dict[str, Schema] = {}
    types = {field["name"]: _resolved(field["type"], named) for field in schema["fields"]}
    records = ({name: _value(row.get(name), types[name]) for name in types} for row in rows)
    try:
        with target.open("wb") as file:
            # Unasked, it writes false for no value.
            fastavro.writer(file, schema, records, codec=codec, validator=True)
    except ValidationError as error:
        raise ValueError(str(error.errors[0])) from error


def _resolved(schema: Any, named: dict[str, Schema]) -> Schema:
    """What a column holds: the branch of a union, or what a name stands for.

    Avro spells out a named type once and names it from then on; `named` collects these.
    """
    if isinstance(schema, list):
        branches = [_resolved(branch, named) for branch in schema]
        return next((b for b in branches if b["type"] != "null"), branches[0])
    if isinstance(schema, str):
        return named.get(schema, {"type": schema})
    if not isinstance(schema["type"], str):
        return _resolved(schema["type"], named)
    if "name" in schema:
        named[schema["name"]] = schema
    if schema["type"] == "array":
        return {**schema, "items": _resolved(schema["items"], named)}
    return dict(schema)


def _value(value: Any, schema: Schema) -> Any:
    if value is None:
        return None
    if schema["type"] == "array":
        return [_value(item, schema["items"]) for item in value]
    convert = _LOGICAL.get(schema.get("logicalType", ""))
    if convert:
        return convert(value, schema)
    return _PLAIN[schema["type"]](value) if schema["type"] in _PLAIN else value


def _moment(value: int, _: Schema) -> datetime:
    return datetime.fromtimestamp(value, UTC)


def _local_moment(value: int, _: Schema) -> datetime:
    return datetime.fromtimestamp(value, UTC).replace(tzinfo=None)


def _decimal(value: float, schema: Schema) -> Decimal:
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-schema.get("scale", 0)))


def _encoded(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _decoded(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


_LOGICAL: dict[str, Callable[[Any, Schema], Any]] = {
    "date": lambda value, schema: _moment(value, schema).date(),
    "timestamp-millis": _moment,
    "timestamp-micros": _moment,
    "local-timestamp-millis": _local_moment,
    "local-timestamp-micros": _local_moment,
    "decimal": _decimal,
}
_PLAIN: dict[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "bytes": _encoded,
    "fixed": _encoded,
    "string": _decoded,
    "enum": _decoded,
}
