"""The tables: Vertex AI's columns of a request-response log, and a few of our own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

SCHEMA_VERSION = 1

try:
    import orjson
except ModuleNotFoundError:
    # The Airflow environment, which writes no requests, can do without.
    orjson = None


def _encode(texts: list[str]) -> str:
    """A JSON array; where the endpoint writes, at a tenth of the time."""
    if orjson is None:
        return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    encoded: bytes = orjson.dumps(texts)
    return encoded.decode()


class Texts(TypeDecorator[list[str]]):
    """Repeated text: an array where the database has one that Vertex AI writes, else JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        repeated = ARRAY(String()) if dialect.name == "bigquery" else Text()
        return dialect.type_descriptor(repeated)

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "bigquery":
            return value
        return _encode(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> list[str] | None:
        texts: list[str] | None = json.loads(value) if isinstance(value, str) else value
        return texts


class JsonText(TypeDecorator[Any]):
    """A JSON document as text; None is NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class UtcTime(TypeDecorator[datetime]):
    """A point in time; SQLite keeps no time zone, so everything is UTC on the way in and out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "bigquery":
            # Its dialect would make of it a type that it has no DDL for.
            return TIMESTAMP()
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

# The payloads stand last: SQLite then reads the other columns without walking through them.
requests = Table(
    "request_response_log",
    metadata,
    Column("request_id", BigInteger, primary_key=True, autoincrement=False),
    Column("deployed_model_id", String, primary_key=True),
    Column("endpoint", String, nullable=False),
    Column("logging_time", UtcTime, nullable=False),
    Column("model", String, nullable=False),
    Column("model_version", String, nullable=False),
    Column("version", BigInteger),
    Column("signature", String, nullable=False),
    Column("latency_ms", Float, nullable=False),
    Column("shadow", Boolean, nullable=False),
    Column("instances", Integer, nullable=False),
    Column("groundtruth_time", UtcTime),
    Column("groundtruth", JsonText),
    Column("request_payload", Texts, nullable=False),
    Column("response_payload", Texts, nullable=False),
    # Each holds all that counting needs, so that a sensor never touches the rows. A version that
    # just went live is found in the second without walking past what others answered.
    Index("request_response_log_newest", "model", "logging_time", "shadow"),
    Index("request_response_log_version", "model", "version", "shadow", "logging_time"),
)

# Requests of several instances may be about several persons.
keys = Table(
    "request_log_keys",
    metadata,
    Column("key_hash", String(64), primary_key=True),
    Column("request_id", BigInteger, primary_key=True, index=True),
)

schema_version = Table(
    "request_log_schema_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
)
