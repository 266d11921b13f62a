"""Compares what an endpoint answers to the golden requests with what the SavedModel answers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

TOLERANCE = 1e-4
_SHOWN = 5


def differences(expected: Sequence[JsonValue], found: object) -> list[str]:
    """Where two lists of predictions differ; numbers may by `TOLERANCE`, absolute or relative."""
    if not isinstance(found, list):
        return [f"expected a list of {len(expected)} predictions, found {_short(found)}"]
    if len(found) != len(expected):
        return [f"expected {len(expected)} predictions, found {len(found)}"]
    pairs = enumerate(zip(expected, found, strict=True))
    return [line for i, (a, b) in pairs for line in _differ(f"predictions[{i}]", a, b)]


def summary(lines: Sequence[str]) -> str:
    """The first of many differences."""
    rest = f"; and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return "; ".join(lines[:_SHOWN]) + rest


def largest_difference(expected: object, found: object) -> float:
    """The largest absolute difference of two numbers at the same place."""
    if _is_number(expected) and _is_number(found):
        return abs(float(expected) - float(found))  # type: ignore[arg-type]
    if isinstance(expected, dict) and isinstance(found, dict):
        both = expected.keys() & found.keys()
        return max((largest_difference(expected[k], found[k]) for k in both), default=0.0)
    if isinstance(expected, list) and isinstance(found, list):
        pairs = zip(expected, found, strict=False)
        return max((largest_difference(a, b) for a, b in pairs), default=0.0)
    return 0.0


def _differ(where: str, expected: object, found: object) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        for key, value in expected.items():
            yield from _differ(f"{where}.{key}", value, found[key])
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (a, b) in enumerate(zip(expected, found, strict=True)):
            yield from _differ(f"{where}[{index}]", a, b)
    elif not _equal(expected, found):
        yield f"{where}: expected {_short(expected)}, found {_short(found)}"


def _equal(expected: object, found: object) -> bool:
    if _is_number(expected) and _is_number(found):
        a, b = float(expected), float(found)  # type: ignore[arg-type]
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(expected) is type(found) and expected == found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
