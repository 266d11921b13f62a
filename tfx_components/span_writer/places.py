"""Where rows join the data that is there: in the next span, or in one more file."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tfx_components.input_files import Input, find_portions, matching
from tfx_components.span_patterns import (
    fill_span,
    fill_version,
    fill_wildcards,
    has_version,
    spans_present,
    wildcard_texts,
    wildcards,
)
from tfx_contract.data_spec import Source
from tfx_contract.errors import DataError, InputError

_FIRST_VERSION = 1


@dataclass(frozen=True)
class Place:
    """A file that is not there yet.

    Attributes:
      path: Where it will be.
      like: The newest file that is there, which it has to be like.
      span: Its span, when the files have any.
    """

    path: Path
    like: Path
    span: int | None = None


def next_place(source: Source) -> Place:
    """The place after the newest.

    Raises:
      InputError: the folder is none of this machine's, or the pattern has no room for a file more.
      DataError: there are no files yet, so nothing says what they have to be like.
    """
    folder = _local_folder(source.uri)
    return _next_span(source, folder) if source.has_spans else _next_file(source, folder)


def _local_folder(uri: str) -> Path:
    if "://" in uri:
        raise InputError(
            f"data.uri: found '{uri}'; rows are added to the files of a folder of this machine. "
            f"Copy the data to one, and name that in model.yaml."
        )
    return Path(uri)


def _next_span(source: Source, folder: Path) -> Place:
    present = spans_present(source.uri, source.files)
    if not present:
        raise _nothing_there(source)
    newest = max(present)
    last = find_portions(Input(source.uri, source.files, newest))[-1]
    like = _newest(last.files)
    try:
        pattern = fill_span(source.files, newest + 1)
    except ValueError as error:
        raise InputError(f"Span {newest + 1} has no place in '{source.files}': {error}.") from error
    if has_version(pattern):
        pattern = fill_version(pattern, _FIRST_VERSION)
    texts = wildcard_texts(last.pattern, _relative(like, folder))
    return Place(folder / fill_wildcards(pattern, texts), like, newest + 1)


def _next_file(source: Source, folder: Path) -> Place:
    files = matching(source.uri, source.files)
    if not files:
        raise _nothing_there(source)
    like = _newest(files)
    if "*" not in source.files:
        raise InputError(
            f"data.pattern: '{source.files}' names {like}, and has no room for another file. "
            "Write a '*' where names may differ."
        )
    texts = wildcard_texts(source.files, _relative(like, folder))
    number = 2
    while (path := folder / _numbered(source.files, texts, number)).exists():
        number += 1
    return Place(path, like)


def _numbered(pattern: str, texts: list[str], number: int) -> str:
    """The file whose name has a number where the last `*` of the pattern is."""
    found = enumerate(wildcards(pattern))
    last = max(place for place, wildcard in found if wildcard.startswith("*"))
    name, dot, ending = texts[last].partition(".")
    changed = f"{re.sub(r'-[0-9]+$', '', name)}-{number}{dot}{ending}"
    return fill_wildcards(pattern, [*texts[:last], changed, *texts[last + 1 :]])


def _newest(files: list[str]) -> Path:
    return Path(max(files, key=lambda path: (os.path.getmtime(path), path)))


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder)


def _nothing_there(source: Source) -> DataError:
    return DataError(
        f"{source.uri}: expected files named {source.files}, which the new one has to be like; "
        "there are none. Deliver the first yourself."
    )
