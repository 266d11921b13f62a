"""The tables. Each resource is kept as Google's own JSON; what is searched by has a column."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

models = Table(
    "models",
    metadata,
    Column("name", String, primary_key=True),
    Column("parent", String, nullable=False, index=True),
    # Version ids are never given twice, also after a version was deleted.
    Column("next_version", Integer, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("model", String, primary_key=True),
    Column("version_id", Integer, primary_key=True),
    Column("body", Text, nullable=False),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("name", String, primary_key=True),
    Column("parent", String, nullable=False, index=True),
    Column("body", Text, nullable=False),
)

operations = Table(
    "operations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("name", String, nullable=False, unique=True),
    Column("done", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Index("operations_by_done", "done"),
)
