"""`write_rows`: rows become a file that the next training run finds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path

from tfx_components.span_writer.fitting import Row, plain_rows
from tfx_components.span_writer.formats import write_file
from tfx_components.span_writer.places import Place, next_place
from tfx_contract.data_spec import Source
from tfx_contract.errors import DataError, InputError
from tfx_contract.sample import WrittenRows
from tfx_contract.spans import EPOCH, is_dated

# Hidden, so that no pattern of data files matches it.
_PREFIX = ".draft-"


def write_rows(
    rows: Iterable[Row],
    source: Source,
    announce: Callable[[WrittenRows, Path], object] | None = None,
) -> WrittenRows:
    """Adds rows to the data, as the span after the newest, or as one more file beside the others.

    The file is like the newest that is there: its columns in their order, each of its type. It
    appears whole or not at all.

    Args:
      rows: The raw columns, the label among them. A column that a row leaves out has no value.
      source: The data; `uri` is a folder of this machine, `home://` resolved.
      announce: Called with what will be there and the finished draft of it, right before the move.

    Raises:
      InputError: nothing can be written there, or the pattern has no room for another file.
      DataError: there is no file yet, or the rows have no place in one that is like it.
    """
    values = plain_rows(rows)
    if not values:
        raise DataError(f"{source.uri}: expected rows to write there; found none.")
    try:
        return _write(values, source, announce)
    except OSError as error:
        raise InputError(f"{source.uri}: no rows can be written there: {error}") from error


def _write(
    rows: Sequence[Row], source: Source, announce: Callable[[WrittenRows, Path], object] | None
) -> WrittenRows:
    place = next_place(source)
    with tempfile.TemporaryDirectory(dir=source.uri, prefix=_PREFIX) as scratch:
        draft = _draft(Path(scratch), source, place)
        write_file(draft, rows, place.like, source.format)
        # Asked again: another may have written while this one did.
        place = next_place(source)
        written = _record(place, len(rows), source)
        if announce:
            announce(written, draft)
        _move(draft, place.path)
    return written


def _record(place: Place, rows: int, source: Source) -> WrittenRows:
    day = _day(source, place.span)
    return WrittenRows(path=str(place.path), rows=rows, span=place.span, day=day)


def _draft(scratch: Path, source: Source, place: Place) -> Path:
    """A file that lies deeper than any that the pattern names."""
    folder = scratch.joinpath(*[".deeper"] * source.files.count("/"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder / place.path.name


def _move(draft: Path, target: Path) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(draft, target)


def _day(source: Source, span: int | None) -> str | None:
    if span is None or not is_dated(source.files):
        return None
    return (EPOCH + timedelta(days=span)).isoformat()
