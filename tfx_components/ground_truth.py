"""Ground truth of an instance: a bare value, or an object of columns.

A bare value is what the model's predictions are compared with, which the transformation may have
made of the raw label: that a trip was tipped well, and not by how many dollars.
"""

from __future__ import annotations

from typing import Any


def judged_label(truth: Any, column: str) -> Any:
    """What predictions are compared with; None: nothing is known."""
    return truth.get(column) if isinstance(truth, dict) else truth


def raw_label(truth: Any, column: str) -> Any:
    """What a row of training data would hold; None: nothing is known."""
    return truth.get(column) if isinstance(truth, dict) else None
