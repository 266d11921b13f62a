"""The files that a run reads: all of a folder, those of its span, or those of a window of spans.

DataGate and ExampleGen both ask here, so that what is checked is what is read.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from tfx.dsl.io import fileio

from tfx_components.span_patterns import (
    describe_span,
    fill_newest_version,
    fill_span,
    has_version,
    spans_present,
)
from tfx_contract.errors import DataError, InputError
from tfx_contract.spans import check_pattern, has_spans

NO_DATA = "no-data"
_CHUNK = 1 << 20
_SHOWN_NAMES = 5
_SHOWN_SPANS = 6


@dataclass(frozen=True)
class Input:
    """What a run is to read: `window` spans, the last of them `span`, when the pattern has any."""

    uri: str
    pattern: str
    span: int | None = None
    window: int = 1


@dataclass(frozen=True)
class Portion:
    """The files of one span, or of a folder without spans, and a pattern for just these."""

    pattern: str
    files: list[str]
    span: int = 0
    version: int | None = None


def find_portions(wanted: Input) -> list[Portion]:
    """What there is to read, oldest span first; each has at least one file.

    Raises:
      DataError: the folder, the files or one of the spans are missing; it says which there are.
      InputError: the pattern makes no sense, or the run names no span.
    """
    _check(wanted)
    portions = _spans(wanted) if has_spans(wanted.pattern) else [_folder(wanted)]
    for folder in (path for portion in portions for path in portion.files if fileio.isdir(path)):
        raise DataError(
            f"{folder}: expected a file, found a folder; have the pattern name the files in it."
        )
    return portions


def find_files(wanted: Input) -> list[str]:
    """The files of all portions; raises as `find_portions` does."""
    return [path for portion in find_portions(wanted) for path in portion.files]


def matching(uri: str, pattern: str) -> list[str]:
    """The files that a pattern without placeholders names, sorted."""
    paths = sorted(fileio.glob(os.path.join(uri, pattern)))
    if os.path.basename(pattern) != "*":
        return paths
    # A bare `*` means the data: neither folders, nor what writers leave beside it (`_SUCCESS`).
    named = [path for path in paths if not os.path.basename(path).startswith((".", "_"))]
    return [path for path in named if not fileio.isdir(path)]


def fingerprint(wanted: Input) -> str:
    """SHA-256 over names and bytes of the files; `NO_DATA` when something is missing."""
    try:
        files = find_files(wanted)
    except InputError:
        return NO_DATA
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{os.path.relpath(path, wanted.uri)}\0{_content_digest(path)}\n".encode())
    return digest.hexdigest()


def _check(wanted: Input) -> None:
    try:
        check_pattern(wanted.pattern)
    except ValueError as error:
        raise InputError(f"Pattern '{wanted.pattern}' {error}.") from error
    if not fileio.exists(wanted.uri):
        raise DataError(
            f"{wanted.uri}: expected a folder with files named {wanted.pattern}; it does not exist."
        )
    if not fileio.isdir(wanted.uri):
        raise DataError(
            f"{wanted.uri}: expected a folder with files named {wanted.pattern}, found a file. "
            f"Name the folder that holds it: {os.path.dirname(wanted.uri)}"
        )


def _folder(wanted: Input) -> Portion:
    files = matching(wanted.uri, wanted.pattern)
    if not files:
        raise DataError(
            f"{wanted.uri}: expected files named {wanted.pattern}; found {_listing(wanted.uri)}."
        )
    return Portion(wanted.pattern, files)


def _spans(wanted: Input) -> list[Portion]:
    if wanted.span is None:
        raise InputError(
            f"Pattern '{wanted.pattern}' has spans, and the run names none; give it the "
            "parameter 'span', a number or a date."
        )
    numbers = range(wanted.span - wanted.window + 1, wanted.span + 1)
    portions = [_portion(wanted, number) for number in numbers]
    if missing := [portion.span for portion in portions if not portion.files]:
        raise DataError(_missing(wanted, missing))
    return portions


def _portion(wanted: Input, span: int) -> Portion:
    try:
        pattern = fill_span(wanted.pattern, span)
    except ValueError as error:
        raise DataError(f"Span {span} has no place in '{wanted.pattern}': {error}.") from error
    version = None
    if has_version(pattern):
        newest = fill_newest_version(wanted.uri, pattern)
        if newest is None:
            return Portion(pattern, [], span)
        pattern, version = newest
    return Portion(pattern, matching(wanted.uri, pattern), span, version)


def _missing(wanted: Input, missing: list[int]) -> str:
    named = ", ".join(describe_span(span, wanted.pattern) for span in missing)
    present = spans_present(wanted.uri, wanted.pattern)
    hint = "Deliver the files, or name another span."
    if present & set(missing):
        hint = "Their numbers have another count of digits; say which, for instance {SPAN:4}."
    of_window = f" of the window of {wanted.window}" if wanted.window > 1 else ""
    return (
        f"{wanted.uri}: expected files named {wanted.pattern} for span {named}{of_window}; "
        f"there are none. {_spans_listing(wanted, present, missing[-1])} {hint}"
    )


def _spans_listing(wanted: Input, present: set[int], near: int) -> str:
    if not present:
        return f"There are no spans at all; found {_listing(wanted.uri)}."
    nearest = sorted(sorted(present, key=lambda span: abs(span - near))[:_SHOWN_SPANS])
    shown = ", ".join(describe_span(span, wanted.pattern) for span in nearest)
    more = f" (the nearest of {len(present)})" if len(present) > len(nearest) else ""
    return f"There are the spans {shown}{more}."


def _content_digest(path: str) -> str:
    digest = hashlib.sha256()
    with fileio.open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _listing(uri: str) -> str:
    names = sorted(fileio.listdir(uri))
    shown = ", ".join(names[:_SHOWN_NAMES])
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return (shown + more) or "an empty folder"
