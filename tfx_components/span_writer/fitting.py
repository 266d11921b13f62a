"""Fits the values of rows to the columns of files, such as a whole number to one of fractions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tfx_components.column_kinds import FLOAT, INT, TEXT
from tfx_components.values import example_of, plain
from tfx_contract.errors import DataError

Row = Mapping[str, Any]
"""The values of a row by column: numbers, text, bytes (also as `{"b64": …}`), None, or lists."""

_BYTES = {"b64"}
_LIST_OF = "list of "
_KINDS = {"int64_list": INT, "float_list": FLOAT, "bytes_list": TEXT}


def plain_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows with values that a `tf.Example` can hold."""
    return [{name: _plain(name, value) for name, value in row.items()} for row in rows]


def fitted(rows: Sequence[Row], kinds: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows with values of the columns' kinds; a column that has none stays as it is.

    Raises:
      DataError: a value is of another kind; the message names the column.
    """
    return [{n: _fitted(n, value, kinds.get(n, "")) for n, value in row.items()} for row in rows]


def examples_from(rows: Sequence[Row], kinds: Mapping[str, str]) -> Iterator[bytes]:
    """The rows as serialized `tf.Example`s, of the kinds that `kinds_of_examples` found."""
    # In a tf.Example, every value is a list.
    lists = {name: f"{_LIST_OF}{kind}" for name, kind in kinds.items() if kind}
    for row in fitted(rows, lists):
        yield example_of(row).SerializeToString(deterministic=True)


def check_names(rows: Sequence[Row], columns: Iterable[str], like: object) -> None:
    """Raises DataError when a row has a column that the files do not have."""
    known = list(columns)
    if unknown := sorted(set().union(*rows).difference(known)):
        raise DataError(
            f"Column '{unknown[0]}': the files do not have it; allowed, as in {like}: "
            f"{', '.join(known)}."
        )


def kinds_of_examples(examples: Iterable[bytes]) -> dict[str, str]:
    """Every column of serialized `tf.Example`s; its kind is '' where no row has a value."""
    kinds: dict[str, str] = {}
    for serialized in examples:
        for name, feature in tf.train.Example.FromString(serialized).features.feature.items():
            kinds[name] = kinds.get(name) or _KINDS.get(feature.WhichOneof("kind"), "")
    return kinds


def _plain(name: str, value: Any) -> Any:
    match value:
        case {"b64": str(text)} if value.keys() == _BYTES:
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error as error:
                raise DataError(f"Column '{name}': found no bytes in base64: {error}.") from error
        case list():
            return [_plain(name, item) for item in value]
    return plain(value)


def _fitted(name: str, value: Any, kind: str) -> Any:
    if value is None:
        return None
    try:
        if kind.startswith(_LIST_OF):
            values = value if isinstance(value, list) else [value]
            return [_FITS[kind.removeprefix(_LIST_OF)](item) for item in values]
        return _FITS[kind](value) if kind in _FITS else value
    except (TypeError, ValueError) as error:
        raise DataError(
            f"Column '{name}': found {value!r}; the files hold {kind} there."
        ) from error


def _whole(value: Any) -> int:
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    raise ValueError


def _number(value: Any) -> float:
    if isinstance(value, int | float):
        return float(value)
    raise ValueError


def _text(value: Any) -> str | bytes:
    if isinstance(value, str | bytes):
        return value
    raise ValueError


_FITS: dict[str, Callable[[Any], Any]] = {INT: _whole, FLOAT: _number, TEXT: _text}
