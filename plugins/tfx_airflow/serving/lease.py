"""Who may change an endpoint: the run that took the lease last, until another one takes it.

The lease is a label of the endpoint. Taking it needs nobody's leave, so what a killed run left
behind stops nobody, and a rollback never waits: whoever had it finds out at its next change, and
stops. It stays after its run as the trace of who was last; a push that ends removes its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

LEASE_LABEL = "push-lease"
_PUSH = "push-"
_ROLLBACK = "rollback-"
_DIGITS = 32


@dataclass(frozen=True)
class Lease:
    """The value of the label."""

    token: str

    @classmethod
    def of_push(cls, run: str) -> Lease:
        """The lease of a push; `run` is `dag/run`, the same in every try."""
        return cls(_PUSH + _hash(run))

    @classmethod
    def of_rollback(cls, caller: str) -> Lease:
        """The lease of a rollback, by whoever asked for it."""
        return cls(_ROLLBACK + _hash(caller))

    @property
    def is_rollback(self) -> bool:
        return self.token.startswith(_ROLLBACK)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
