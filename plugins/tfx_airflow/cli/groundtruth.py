"""`groundtruth` and `erase`: what becomes of logged requests later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfx_airflow.cli.console import say, show
from tfx_contract.home import Home

if TYPE_CHECKING:
    from tfx_request_log import RequestLog

_IDS_SHOWN = 10


def groundtruth(
    model: Annotated[str, typer.Argument(help="The model's folder name.")],
    file: Annotated[Path, typer.Argument(help="CSV file with the columns request_id,groundtruth.")],
) -> None:
    """Import what turned out to be true into the request log, all of the file or nothing."""
    from tfx_request_log.csv_labels import read_labels

    labels = read_labels(file)
    with open_log() as log:
        _require(log, model)
        unknown = log.set_ground_truth(labels, model=model)
    show(f"{len(labels) - len(unknown)} of {len(labels)} requests of '{model}' were labelled")
    if unknown:
        shown = ", ".join(map(str, unknown[:_IDS_SHOWN]))
        more = f" and {len(unknown) - _IDS_SHOWN} more" * (len(unknown) > _IDS_SHOWN)
        say(f"WARNING not in the log (not sampled, erased, or of another model): {shown}{more}")


def erase(
    model: Annotated[str, typer.Argument(help="The model's folder name.")],
    request_id: Annotated[
        list[int] | None, typer.Option(min=1, max=2**63 - 1, help="A request; may be repeated.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="A person: value of the column `serving.log.key` of model.yaml."),
    ] = None,
) -> None:
    """Erase requests from the request log, by their id or by the person that they are about."""
    if bool(request_id) == (key is not None):
        raise typer.BadParameter("give either --request-id or --key")
    with open_log() as log:
        _require(log, model)
        key_hash = None if key is None else _hash(key)
        count = log.erase(request_id or [], key_hash, model)
    show(f"{count} requests of '{model}' were erased")
    if key is not None:
        say(
            "Requests are found by --key when 'serving.log.key' of model.yaml named the column at "
            "the time. What the endpoint received within the last seconds may still be unwritten."
        )


def _hash(key: str) -> str:
    from tfx_request_log.hashing import KeyedHash
    from tfx_request_log.place import key_file

    return KeyedHash.read(key_file(Home.from_environment().endpoint)).of(key)


def _require(log: RequestLog, model: str) -> None:
    from tfx_contract.errors import InputError

    models = log.models()
    if model not in models:
        known = ", ".join(models) or "no requests at all"
        raise InputError(f"The request log holds no requests of '{model}'; it holds: {known}.")


@contextmanager
def open_log() -> Iterator[RequestLog]:
    """The log, when there is one; a database's complaints become messages."""
    from sqlalchemy.exc import SQLAlchemyError

    from tfx_contract.errors import SetupError
    from tfx_request_log import RequestLog
    from tfx_request_log.database import describe_failure
    from tfx_request_log.place import log_url

    log = RequestLog(log_url(Home.from_environment().endpoint))
    try:
        log.check()
        yield log
    except SQLAlchemyError as error:
        raise SetupError(f"The request log's database failed: {describe_failure(error)}") from error
    finally:
        log.close()
