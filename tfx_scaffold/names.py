"""Names that TensorFlow takes for inputs: plain ones, which differ in more than upper case."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# The signatures of a generated model are methods.
_TAKEN = {"self"}


def safe_names(columns: Iterable[str]) -> dict[str, str]:
    """A plain name for every column, its own where that is one."""
    given: dict[str, str] = {}
    taken: set[str] = set()
    for column in sorted(columns, key=lambda name: not is_plain(name)):
        name = _free(column if is_plain(column) else _plain(column), taken)
        taken.add(name.lower())
        given[column] = name
    return given


def is_plain(name: str) -> bool:
    """Whether a name needs no other."""
    return bool(_PLAIN.fullmatch(name)) and not keyword.iskeyword(name) and name not in _TAKEN


def label_after(label: str, safe: str) -> str:
    """What the label is called after the transformation, unlike any feature."""
    return f"{safe}_xf" if safe not in ("numbers", "categories") else "label_xf"


def _plain(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    return plain if is_plain(plain) else f"column_{plain}".rstrip("_")


def _free(name: str, taken: set[str]) -> str:
    candidate, number = name, 2
    while candidate.lower() in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
