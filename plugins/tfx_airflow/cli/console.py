"""What the commands print with: results to standard output, everything else to standard error."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)


def say(line: str) -> None:
    """One line of progress; a warning stands out."""
    err.print(Text(line, style="bold yellow" if line.startswith("WARNING") else "dim"))


def complain(message: str) -> None:
    """An error."""
    err.print(Text(message, style="red"))


def show(line: str = "", style: str = "") -> None:
    """One line of a result."""
    out.print(Text(line, style=style))


def quiet(line: str) -> None:
    """Drops a line."""
