"""What can go wrong on the way to an endpoint, named for what the caller does next.

TfxAirflowError
├── InputError
│   └── Refused           this version must not serve: train another
├── SetupError            the endpoint does not answer: start it
└── ServingError
    ├── OperationFailed     the endpoint could not do as asked; a retry may help
    ├── Preempted           somebody else changes this endpoint now: stop, change nothing
    └── UnderWay            an operation goes on: come back when it has ended
"""

from __future__ import annotations

from tfx_contract.errors import InputError, TfxAirflowError


class Refused(InputError):
    """The version must not serve; the message says which feature or number is why."""


class ServingError(TfxAirflowError):
    """The endpoint did not do as asked."""


class OperationFailed(ServingError):
    """A long-running operation ended with an error."""


class Preempted(ServingError):
    """Another run has taken the endpoint over."""

    def __init__(self, endpoint: str, by_rollback: bool) -> None:
        by = "rollback" if by_rollback else "another push"
        super().__init__(
            f"Endpoint '{endpoint}': preempted by {by}. This run stops and changes nothing more."
        )
        self.by_rollback = by_rollback


class UnderWay(ServingError):
    """A long-running operation has not ended yet."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"Operation {operation} goes on.")
        self.operation = operation
