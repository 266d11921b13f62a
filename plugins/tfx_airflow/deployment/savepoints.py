"""Has a transaction of SQLite that begins with a savepoint wait for its turn to write.

Airflow looks before it writes, inside a savepoint. SQLite lets it look at the state of that moment,
and refuses the write at once, without waiting, when another process has written in between
(SQLITE_BUSY_SNAPSHOT). As a writer from the start it waits for the others, and they for it.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine


@event.listens_for(Engine, "savepoint")
def _become_writer(connection: Connection, _: str | None) -> None:
    driver = connection.connection.dbapi_connection
    if isinstance(driver, sqlite3.Connection) and not driver.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
