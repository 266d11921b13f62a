"""Endpoints. Deployed models and the traffic split stand in the endpoint's own document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.cloud.aiplatform_v1.types import Endpoint
from sqlalchemy import Connection, delete, insert, select, update

from tfx_endpoint.errors import Code, RequestError, not_found, refused
from tfx_endpoint.state import tables
from tfx_endpoint.state.documents import dump, load, now, touch


def create_endpoint(connection: Connection, parent: str, endpoint: Any) -> Any:
    """Keeps a new endpoint, which has its name already.

    Raises:
      RequestError: ALREADY_EXISTS.
    """
    if _body(connection, endpoint.name):
        raise RequestError(Code.ALREADY_EXISTS, f"{endpoint.name} exists")
    endpoint.create_time = now()
    touch(endpoint)
    row = {"name": endpoint.name, "parent": parent, "body": dump(endpoint)}
    connection.execute(insert(tables.endpoints).values(row))
    return endpoint


def find_endpoint(connection: Connection, name: str) -> Any:
    """One endpoint.

    Raises:
      RequestError: NOT_FOUND.
    """
    body = _body(connection, name)
    if body is None:
        raise not_found(f"endpoint {name} not found")
    return load(Endpoint, body)


def list_endpoints(connection: Connection, parent: str | None = None) -> list[Any]:
    """The endpoints of a location, or all there are."""
    query = select(tables.endpoints.c.body)
    if parent is not None:
        query = query.where(tables.endpoints.c.parent == parent)
    return [load(Endpoint, body) for (body,) in connection.execute(query)]


def change_endpoint(connection: Connection, name: str, change: Callable[[Any], None]) -> Any:
    """Applies a change, which may raise and so change nothing; the etag is a new one then."""
    endpoint = find_endpoint(connection, name)
    change(endpoint)
    touch(endpoint)
    table = tables.endpoints
    connection.execute(update(table).where(table.c.name == name).values(body=dump(endpoint)))
    return endpoint


def delete_endpoint(connection: Connection, name: str) -> None:
    """Deletes an endpoint that serves nothing.

    Raises:
      RequestError: NOT_FOUND, FAILED_PRECONDITION.
    """
    endpoint = find_endpoint(connection, name)
    if endpoint.deployed_models:
        ids = ", ".join(deployed.id for deployed in endpoint.deployed_models)
        raise refused(f"{name} has deployed models; undeploy them first: {ids}")
    connection.execute(delete(tables.endpoints).where(tables.endpoints.c.name == name))


def deployments_of(connection: Connection, model: str) -> list[tuple[str, Any]]:
    """Where versions of a model are deployed: endpoint's name, deployed model."""
    return [
        (endpoint.name, deployed)
        for endpoint in list_endpoints(connection)
        for deployed in endpoint.deployed_models
        if deployed.model == model
    ]


def _body(connection: Connection, name: str) -> str | None:
    query = select(tables.endpoints.c.body).where(tables.endpoints.c.name == name)
    return connection.execute(query).scalar()
