"""Long-running operations: what was asked for, and what became of it."""

from __future__ import annotations

from typing import Any

from google.longrunning.operations_pb2 import Operation
from google.protobuf import json_format
from sqlalchemy import Connection, delete, func, insert, select, update

from tfx_endpoint.errors import Code, RequestError, not_found
from tfx_endpoint.state import tables
from tfx_endpoint.state.documents import new_id

_KEPT = 1_000


def start_operation(connection: Connection, resource: str, metadata: Any) -> Any:
    """Keeps a new operation below a resource."""
    operation = Operation(name=f"{resource}/operations/{new_id()}")
    operation.metadata.Pack(type(metadata).pb(metadata))
    row = {"name": operation.name, "done": False, "body": _dump(operation)}
    connection.execute(insert(tables.operations).values(row))
    return operation


def finish_operation(connection: Connection, operation: Any, response: Any) -> Any:
    """Ends an operation with its result, a proto-plus or a plain message."""
    pure = type(response).pb(response) if hasattr(type(response), "pb") else response
    operation.response.Pack(pure)
    return _end(connection, operation)


def fail_operation(connection: Connection, operation: Any, error: RequestError) -> Any:
    """Ends an operation with the reason why nothing came of it."""
    operation.error.code, operation.error.message = error.code.number, str(error)
    return _end(connection, operation)


def find_operation(connection: Connection, name: str) -> Any:
    """One operation.

    Raises:
      RequestError: NOT_FOUND.
    """
    table = tables.operations
    body = connection.execute(select(table.c.body).where(table.c.name == name)).scalar()
    if body is None:
        raise not_found(f"operation {name} not found")
    return _load(body)


def list_operations(connection: Connection, resource: str, done: bool | None) -> list[Any]:
    """The operations below a resource, and below its own resources, the newest first."""
    table = tables.operations
    query = select(table.c.body).order_by(table.c.number.desc())
    query = query.where(table.c.name.startswith(f"{resource}/", autoescape=True))
    if done is not None:
        query = query.where(table.c.done == done)
    return [_load(body) for (body,) in connection.execute(query)]


def delete_operation(connection: Connection, name: str) -> None:
    """Forgets an operation; whatever it does goes on."""
    find_operation(connection, name)
    connection.execute(delete(tables.operations).where(tables.operations.c.name == name))


def end_interrupted(connection: Connection) -> int:
    """Fails what was under way when the process ended, and forgets the oldest; returns how many."""
    error = RequestError(Code.ABORTED, "the endpoint was restarted; nothing was changed, ask again")
    table = tables.operations
    bodies = connection.execute(select(table.c.body).where(~table.c.done)).scalars().all()
    for body in bodies:
        fail_operation(connection, _load(body), error)
    newest = connection.execute(select(func.max(table.c.number))).scalar() or 0
    connection.execute(delete(table).where(table.c.number <= newest - _KEPT))
    return len(bodies)


def _end(connection: Connection, operation: Any) -> Any:
    operation.done = True
    table = tables.operations
    where = table.c.name == operation.name
    values = {"done": True, "body": _dump(operation)}
    connection.execute(update(table).where(where).values(values))
    return operation


def _dump(operation: Any) -> str:
    text: str = json_format.MessageToJson(operation, indent=None)
    return text


def _load(body: str) -> Any:
    return json_format.Parse(body, Operation())
