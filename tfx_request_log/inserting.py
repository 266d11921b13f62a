"""Inserts many rows at little cost, leaving out those that are there already.

A batch whose commit was not confirmed is written again, so rows may be there. All rows go to the
database in one JSON document: row by row, PostgreSQL's driver, which is Python, needs ten times as
much processor time, and SQLite's takes turns with the event loop at every row.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Dialect,
    FromClause,
    Insert,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

Values = list[dict[str, Any]]

# Few rows cost less one by one; requests of many instances come in batches of few.
_FEW = 50


def insert_new(connection: Connection, table: Table, values: Values) -> None:
    """Inserts `values`, which all have the same columns."""
    if not values:
        return
    names = list(values[0])
    statement: Insert
    match connection.dialect.name:
        case "postgresql":
            rows = _postgresql_rows(table, names)
            statement = postgresql.insert(table).from_select(names, rows).on_conflict_do_nothing()
        case "sqlite" if len(values) > _FEW:
            rows = _sqlite_rows(names)
            statement = sqlite.insert(table).from_select(names, rows).on_conflict_do_nothing()
        case "sqlite":
            connection.execute(sqlite.insert(table).on_conflict_do_nothing(), values)
            return
        case _:
            connection.execute(insert(table), values)
            return
    connection.execute(statement, {"rows": _document(connection.dialect, table, values)})


def _postgresql_rows(table: Table, names: list[str]) -> Select[Any]:
    document = cast(bindparam("rows", type_=Text), postgresql.JSON)
    columns = [column(name, table.c[name].type) for name in names]
    rows = func.json_to_recordset(document).table_valued(*columns).render_derived(with_types=True)
    return select(*(rows.c[name] for name in names))


def _sqlite_rows(names: list[str]) -> Select[Any]:
    rows: FromClause = func.json_each(bindparam("rows", type_=Text)).table_valued("value")
    values = (func.json_extract(rows.c.value, f"$.{name}") for name in names)
    # Without a condition SQLite would take ON CONFLICT for a join's.
    return select(*values).where(text("true"))


def _document(dialect: Dialect, table: Table, values: Values) -> str:
    processors = {
        known.name: known.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is
        for known in table.columns
    }
    rows = [{name: processors[name](value) for name, value in row.items()} for row in values]
    return json.dumps(rows, default=datetime.isoformat)


def _as_it_is(value: Any) -> Any:
    return value
