"""What the endpoint answers when it cannot do as it was asked: Google's codes and error JSON."""

from __future__ import annotations

from enum import Enum
from typing import Any

from tfx_contract.errors import TfxAirflowError


class Code(Enum):
    """Google's canonical codes that are used here: name, number, HTTP status."""

    CANCELLED = (1, 499)
    INVALID_ARGUMENT = (3, 400)
    DEADLINE_EXCEEDED = (4, 504)
    NOT_FOUND = (5, 404)
    ALREADY_EXISTS = (6, 409)
    RESOURCE_EXHAUSTED = (8, 429)
    FAILED_PRECONDITION = (9, 400)
    ABORTED = (10, 409)
    UNIMPLEMENTED = (12, 501)
    INTERNAL = (13, 500)
    UNAVAILABLE = (14, 503)
    UNAUTHENTICATED = (16, 401)

    @property
    def number(self) -> int:
        return self.value[0]

    @property
    def http_status(self) -> int:
        return self.value[1]


class RequestError(TfxAirflowError):
    """A request that is refused; the message is for the caller and names what to change."""

    def __init__(self, code: Code, message: str, http_status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        # 413, 405 and their like have no canonical code of their own.
        self.http_status = http_status or code.http_status

    def as_json(self) -> dict[str, Any]:
        """The body of the answer."""
        return {
            "error": {
                "code": self.http_status,
                "message": str(self),
                "status": self.code.name,
            }
        }


def invalid(message: str) -> RequestError:
    """The request itself is wrong."""
    return RequestError(Code.INVALID_ARGUMENT, message)


def not_found(message: str) -> RequestError:
    """What the request names is not there."""
    return RequestError(Code.NOT_FOUND, message)


def refused(message: str) -> RequestError:
    """Nothing is wrong with the request but the moment: something else must be done first."""
    return RequestError(Code.FAILED_PRECONDITION, message)
