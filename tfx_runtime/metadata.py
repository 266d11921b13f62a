"""MLMD connections that are safe to share between processes and between tries.

SQLite allows one writer, and MLMD gives up at once when it meets another, so every connection to
an SQLite file holds a lock beside it. The same place checks the fencing token: whoever opens MLMD
for an execution that a newer try has taken over is stopped before it can write (the token's idea:
Kleppmann, "How to do distributed locking", 2016).
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

from tfx_contract.errors import FencedOut, InputError

TOKEN_PROPERTY = "fencing_token"


def connection_config(url: str) -> metadata_store_pb2.ConnectionConfig:
    """Turns `sqlite:///PATH`, `postgresql://…` or `mysql://…` into MLMD's connection settings.

    Raises:
      InputError: the URL has another scheme.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return metadata.sqlite_metadata_connection_config(url.removeprefix("sqlite:///"))
    config = metadata_store_pb2.ConnectionConfig()
    match parts.scheme.partition("+")[0]:
        case "postgresql":
            server, config.postgresql.port = config.postgresql, str(parts.port or 5432)
            server.dbname = parts.path.lstrip("/")
        case "mysql":
            server, config.mysql.port = config.mysql, parts.port or 3306
            server.database = parts.path.lstrip("/")
        case scheme:
            raise InputError(
                f"Metadata database: found a URL with scheme '{scheme}'; allowed are "
                "sqlite:///PATH, postgresql://USER:PASSWORD@HOST:PORT/NAME and mysql://…"
            )
    server.host = parts.hostname or "localhost"
    server.user = unquote(parts.username or "")
    server.password = unquote(parts.password or "")
    return config


class FencedMetadata(metadata.Metadata):
    """TFX's metadata handle, one process at a time on SQLite, closed to superseded tries."""

    def __init__(self, config: metadata_store_pb2.ConnectionConfig) -> None:
        super().__init__(config)
        self._lock_path = _lock_path(config)
        self._lock_file: IO[bytes] | None = None
        self._fence: tuple[int, str] | None = None

    def guard(self, execution_id: int, token: str) -> None:
        """From now on, opening this handle fails unless `token` is the execution's newest."""
        self._fence = (execution_id, token)

    def __enter__(self) -> FencedMetadata:
        if self._users == 0:
            self._acquire()
        try:
            super().__enter__()
            self._check_fence()
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> None:
        if self._users:
            super().__exit__(exc_type, exc_value, exc_tb)
        if self._users == 0:
            self._release()

    def _check_fence(self) -> None:
        if self._fence is None:
            return
        execution_id, token = self._fence
        [execution] = self.store.get_executions_by_id([execution_id])
        if current_token(execution) != token:
            raise FencedOut(
                f"MLMD execution {execution_id} belongs to a newer try; this one publishes nothing."
            )

    def _acquire(self) -> None:
        if self._lock_path:
            self._lock_file = open(self._lock_path, "wb")  # noqa: SIM115
            fcntl.flock(self._lock_file, fcntl.LOCK_EX)

    def _release(self) -> None:
        if self._lock_file:
            self._lock_file.close()
            self._lock_file = None


def current_token(execution: metadata_store_pb2.Execution) -> str:
    """The fencing token of the try that owns an execution; empty when none was set."""
    value: Any = execution.custom_properties.get(TOKEN_PROPERTY)
    return str(value.string_value) if value else ""


def _lock_path(config: metadata_store_pb2.ConnectionConfig) -> Path | None:
    filename = config.sqlite.filename_uri
    return Path(filename + ".lock") if filename else None
