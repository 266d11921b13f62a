"""Input patterns with spans and versions, matched against the files that are there.

TFX's own matching takes any text for a number and stops at the first file that has none in it, such
as a folder `v3.tmp` that is still being written; here only digits count.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from datetime import date

from tfx.components.example_gen import utils
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2

from tfx_contract.spans import EPOCH, is_dated

_VERSION = re.compile(utils.VERSION_FULL_REGEX)
_PLACEHOLDER = r"\{[^{}]*\}"
_SPECIAL = re.compile(rf"({_PLACEHOLDER}|\*+|\?|\[[^\]]+\])")
_DATE_WIDTHS = {"YYYY": "4", "MM": "2", "DD": "2"}


def fill_span(pattern: str, span: int) -> str:
    """The pattern of one span, its version left open.

    Raises:
      ValueError: the number has more digits than the pattern allows.
    """
    by_number, by_date, _ = utils.verify_split_pattern_specs(
        example_gen_pb2.Input.Split(pattern=pattern)
    )
    filled: str = utils.get_pattern_for_span_version(pattern, by_number, by_date, False, span, None)
    return filled


def fill_newest_version(uri: str, pattern: str) -> tuple[str, int] | None:
    """The pattern of a span's newest version and its number; None when there is no version."""
    texts = {found["VERSION"] for found in _matches(uri, pattern)}
    if not texts:
        return None
    # As it is written in the path, since leading zeros are part of that.
    newest = max(texts, key=int)
    return _VERSION.sub(newest, pattern), int(newest)


def fill_version(pattern: str, version: int) -> str:
    """The pattern of one version."""
    filled: str = utils.get_pattern_for_span_version(pattern, False, False, True, 0, version)
    return filled


def wildcards(pattern: str) -> list[str]:
    """The wildcards of a pattern: `*`, `?`, `[a-z]`."""
    return [piece for piece in _SPECIAL.split(pattern) if _SPECIAL.fullmatch(piece)]


def wildcard_texts(pattern: str, path: str) -> list[str]:
    """What the wildcards of a pattern without placeholders stand for in a path that it matches."""
    pieces = _SPECIAL.split(pattern)
    found = re.fullmatch("".join(map(_as_group, pieces)), path)
    if found is None:
        raise ValueError(f"'{path}' does not match '{pattern}'")
    return list(found.groups())


def fill_wildcards(pattern: str, texts: Iterable[str]) -> str:
    """The path in which the wildcards stand for these texts."""
    remaining = iter(texts)
    pieces = _SPECIAL.split(pattern)
    return "".join(next(remaining) if _SPECIAL.fullmatch(piece) else piece for piece in pieces)


def has_version(pattern: str) -> bool:
    """Whether a pattern counts versions of a span."""
    return bool(_VERSION.search(pattern))


def spans_present(uri: str, pattern: str) -> set[int]:
    """The spans that have files; it looks at all of them."""
    numbers = (_number(found) for found in _matches(uri, pattern))
    return {number for number in numbers if number is not None}


def describe_span(span: int, pattern: str) -> str:
    """A span for people: its number, and its day where the pattern has dates."""
    if not is_dated(pattern):
        return str(span)
    return f"{span} ({'-'.join(f'{part:02}' for part in utils.span_number_to_date(span))})"


def _number(found: dict[str, str]) -> int | None:
    if "SPAN" in found:
        return int(found["SPAN"])
    try:
        return (date(*(int(found[part]) for part in _DATE_WIDTHS)) - EPOCH).days
    except ValueError:
        return None  # Digits that are no date, in a file that happens to match.


def _matches(uri: str, pattern: str) -> Iterator[dict[str, str]]:
    """What the placeholders stand for, in every path that matches."""
    regex = re.compile("(?:^|/)" + "".join(map(_as_regex, _SPECIAL.split(pattern))) + "$")
    glob = re.sub(r"\*+", "*", re.sub(_PLACEHOLDER, "*", pattern))
    for path in fileio.glob(os.path.join(uri, glob)):
        if found := regex.search(path):
            yield found.groupdict()


def _as_group(piece: str) -> str:
    return f"({_as_regex(piece)})" if _SPECIAL.fullmatch(piece) else re.escape(piece)


def _as_regex(piece: str) -> str:
    if not _SPECIAL.fullmatch(piece):
        return re.escape(piece)
    if piece.startswith("["):
        return piece.replace("[!", "[^", 1)
    if piece.startswith("{"):
        name, _, width = piece.strip("{}").partition(":")
        width = width or _DATE_WIDTHS.get(name, "1,")
        return rf"(?P<{name}>\d{{{width}}})"
    return "[^/]" if piece == "?" else "[^/]*"
