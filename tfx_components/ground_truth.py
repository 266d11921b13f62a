"""Ground truth of an instance: a bare value, or an object of columns."""

from __future__ import annotations

from typing import Any


def value_of(truth: Any, column: str) -> Any:
    """What is true of a column; None: nothing is known. A bare value stands for any column."""
    return truth.get(column) if isinstance(truth, dict) else truth
