"""The kinds of problems, by the names they have on the command line."""

from __future__ import annotations

from enum import StrEnum


class ProblemKind(StrEnum):
    """Kinds of problems."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
