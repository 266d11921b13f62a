"""Google's messages as the JSON that the tables hold, and what all resources have in common."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any, TypeVar

Message = TypeVar("Message")


def dump(message: Any) -> str:
    """The JSON of a proto-plus message."""
    text: str = type(message).to_json(
        message,
        use_integers_for_enums=False,
        always_print_fields_with_no_presence=False,
        indent=None,
    )
    return text


def load(kind: type[Message], body: str) -> Message:
    """The message that was dumped; fields of another release of Google's client are left out."""
    message: Message = kind.from_json(body, ignore_unknown_fields=True)  # type: ignore[attr-defined]
    return message


def new_id() -> str:
    """A resource id as Vertex AI gives them: digits."""
    return str(10**18 + secrets.randbelow(9 * 10**18))


def new_etag() -> str:
    return secrets.token_hex(8)


def now() -> datetime:
    return datetime.now(UTC)


def touch(message: Any) -> None:
    """Every change gives a resource a new etag."""
    message.etag = new_etag()
    message.update_time = now()
