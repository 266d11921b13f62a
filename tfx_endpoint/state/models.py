"""Models and their versions. A version's aliases stand in its own document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from google.cloud.aiplatform_v1.types import Model
from sqlalchemy import Connection, delete, insert, select, update

from tfx_endpoint.errors import Code, RequestError, invalid, not_found, refused
from tfx_endpoint.state import tables
from tfx_endpoint.state.documents import dump, load, now, touch

DEFAULT = "default"
_ALIAS = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]")


def create_model(connection: Connection, parent: str, name: str) -> None:
    """Makes a model without versions.

    Raises:
      RequestError: ALREADY_EXISTS.
    """
    known = select(tables.models.c.name).where(tables.models.c.name == name)
    if connection.execute(known).first():
        raise RequestError(Code.ALREADY_EXISTS, f"{name} exists; name it as parentModel instead")
    connection.execute(insert(tables.models).values(name=name, parent=parent, next_version=1))


def add_version(connection: Connection, name: str, model: Any) -> Any:
    """Makes the next version of a model; its aliases leave the versions that had them.

    Raises:
      RequestError: NOT_FOUND, or INVALID_ARGUMENT for an alias that cannot be one.
    """
    aliases = check_aliases(model.version_aliases)
    version_id = _take_version_id(connection, name)
    if version_id == 1:
        aliases = [DEFAULT, *(alias for alias in aliases if alias != DEFAULT)]
    _take_away(connection, name, aliases)
    model.name, model.version_id, model.version_aliases = name, str(version_id), aliases
    model.create_time = model.version_create_time = model.version_update_time = now()
    touch(model)
    row = {"model": name, "version_id": version_id, "body": dump(model)}
    connection.execute(insert(tables.versions).values(row))
    return model


def find_version(connection: Connection, reference: str) -> Any:
    """The version that `NAME`, `NAME@ID` or `NAME@ALIAS` means; `NAME` is its default version.

    Raises:
      RequestError: NOT_FOUND.
    """
    name, _, wanted = reference.partition("@")
    versions = list_versions(connection, name)
    if not versions:
        raise not_found(f"model {name} not found")
    wanted = wanted or DEFAULT
    for model in versions:
        if wanted == model.version_id or wanted in model.version_aliases:
            return model
    known = ", ".join(f"{m.version_id} ({', '.join(m.version_aliases)})" for m in versions)
    raise not_found(f"model {name} has no version '{wanted}'; its versions and aliases: {known}")


def list_versions(connection: Connection, name: str) -> list[Any]:
    """Every version of a model, the oldest first."""
    rows = connection.execute(
        select(tables.versions.c.body)
        .where(tables.versions.c.model == name)
        .order_by(tables.versions.c.version_id)
    )
    return [load(Model, body) for (body,) in rows]


def list_models(connection: Connection, parent: str) -> list[Any]:
    """The default version of every model of a location."""
    names = connection.execute(
        select(tables.models.c.name).where(tables.models.c.parent == parent)
    ).scalars()
    return [find_version(connection, name) for name in list(names)]


def change_aliases(connection: Connection, reference: str, changes: Iterable[str]) -> Any:
    """Gives a version aliases, and takes those away that are written `-alias`.

    Raises:
      RequestError: NOT_FOUND, INVALID_ARGUMENT.
    """
    model = find_version(connection, reference)
    changes = list(changes)
    removed = {change[1:] for change in changes if change.startswith("-")}
    added = check_aliases(change for change in changes if not change.startswith("-"))
    if DEFAULT in removed:
        raise invalid("'default' cannot be removed, only given to another version")
    _take_away(connection, model.name, added)
    model = find_version(connection, f"{model.name}@{model.version_id}")
    kept = [alias for alias in model.version_aliases if alias not in removed]
    model.version_aliases = list(dict.fromkeys([*kept, *added]))
    return save_version(connection, model)


def change_model(connection: Connection, reference: str, change: Callable[[Any], None]) -> Any:
    """Applies a change to one version. A model's names are those of all its versions."""
    model = find_version(connection, reference)
    change(model)
    for other in list_versions(connection, model.name):
        if other.version_id != model.version_id:
            other.display_name, other.description = model.display_name, model.description
            save_version(connection, other)
    return save_version(connection, model)


def save_version(connection: Connection, model: Any) -> Any:
    touch(model)
    model.version_update_time = model.update_time
    table = tables.versions
    where = (table.c.model == model.name, table.c.version_id == int(model.version_id))
    connection.execute(update(table).where(*where).values(body=dump(model)))
    return model


def delete_version(connection: Connection, reference: str) -> None:
    """Deletes one version; the last and the default one stay.

    Raises:
      RequestError: NOT_FOUND, FAILED_PRECONDITION.
    """
    model = find_version(connection, reference)
    if len(list_versions(connection, model.name)) == 1:
        raise refused(f"{reference} is the only version; delete the model instead")
    if DEFAULT in model.version_aliases:
        raise refused(f"{reference} is the default version; give 'default' to another one first")
    table = tables.versions
    where = (table.c.model == model.name, table.c.version_id == int(model.version_id))
    connection.execute(delete(table).where(*where))


def delete_model(connection: Connection, name: str) -> None:
    """Deletes a model with all its versions."""
    find_version(connection, name)
    connection.execute(delete(tables.versions).where(tables.versions.c.model == name))
    connection.execute(delete(tables.models).where(tables.models.c.name == name))


def check_aliases(aliases: Iterable[str]) -> list[str]:
    """The aliases once each.

    Raises:
      RequestError: INVALID_ARGUMENT.
    """
    wanted = list(dict.fromkeys(aliases))
    for alias in wanted:
        if not _ALIAS.fullmatch(alias):
            raise invalid(
                f"version alias '{alias}' must match {_ALIAS.pattern}, "
                "so that it cannot be taken for a version id"
            )
    return wanted


def _take_version_id(connection: Connection, name: str) -> int:
    table = tables.models
    number = connection.execute(select(table.c.next_version).where(table.c.name == name)).scalar()
    if number is None:
        raise not_found(f"model {name} not found")
    connection.execute(update(table).where(table.c.name == name).values(next_version=number + 1))
    return int(number)


def _take_away(connection: Connection, name: str, aliases: list[str]) -> None:
    for model in list_versions(connection, name):
        kept = [alias for alias in model.version_aliases if alias not in aliases]
        if len(kept) < len(model.version_aliases):
            model.version_aliases = kept
            save_version(connection, model)
