"""A file of rows that is what it claims to be, ready for Great Expectations."""

from __future__ import annotations

from typing import Any, Protocol


class Table(Protocol):
    """One file."""

    @property
    def path(self) -> str:
        """Where it is."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""

    def __len__(self) -> int:
        """How many rows it has."""

    def place(self, row: int) -> str:
        """Where in the file a row is, counted from 0, in words for people."""

    def frame(self, numbers: set[str], text: set[str]) -> Any:
        """Its rows as pandas' DataFrame, with the columns that are declared to be one or other."""
