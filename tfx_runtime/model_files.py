"""The files of a model's folder, whose mistakes are better known before a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tfx_contract.errors import CompileError, InputError


def require_files(folder: Path, hints: Mapping[str, str]) -> None:
    """Raises CompileError, with the hint, for the first file that is missing."""
    for name, hint in hints.items():
        if not (folder / name).is_file():
            raise CompileError(
                f"{folder / name}: there is no such file; a model folder holds one. {hint}"
            )


def checked_text(path: Path, parse: Callable[[str], object]) -> str:
    """The text of a file that the run will parse.

    Raises:
      CompileError: `parse` does not like it, or it is no text.
    """
    text = _read(path)
    try:
        parse(text)
    except InputError as error:
        raise CompileError(f"{path.parent}/{error}") from error
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CompileError(f"{path}: expected text in UTF-8: {error}") from error
