"""Arrow tables as pandas' DataFrames, with the values that ExampleGen makes of them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tfx_components.values import plain
from tfx_contract.errors import DataError

_INTEGERS = (pa.types.is_integer, pa.types.is_boolean)
_TEXT = (pa.types.is_string, pa.types.is_large_string)
_BYTES = (pa.types.is_binary, pa.types.is_large_binary)
_LISTS = (pa.types.is_list, pa.types.is_large_list)


def frame_of(path: str, table: pa.Table) -> pd.DataFrame:
    """The rows of a file's table.

    Raises:
      DataError: a whole number is too large for a `tf.Example`.
    """
    columns = {}
    for name in table.column_names:
        try:
            columns[name] = _values(table.column(name))
        except pa.ArrowInvalid as error:
            raise DataError(f"{path}: column '{name}': {error}.") from error
    return pd.DataFrame(columns, index=range(table.num_rows))


def _values(column: pa.ChunkedArray) -> Any:
    """The cells; numbers of any width are int64 and float64, as Great Expectations knows them."""
    if _is(column, _LISTS) and (pc.max(pc.list_value_length(column)).as_py() or 0) <= 1:
        column = _first_values(column.combine_chunks())
    if _is(column, _BYTES):
        column = _as_text(column)
    if _is(column, _INTEGERS):
        return column.cast(pa.int64()).to_pandas().array
    if pa.types.is_floating(column.type):
        return column.to_pandas().astype("float64").array
    if _is(column, _TEXT):
        return column.to_pandas().array
    return [_shown(plain(value)) for value in column.to_pylist()]


def _is(column: Any, types: tuple[Any, ...]) -> bool:
    return any(is_it(column.type) for is_it in types)


def _first_values(lists: pa.Array) -> pa.Array:
    """Lists of one value or none as that value or null, as a `tf.Example` holds them."""
    lengths = pc.fill_null(lists.value_lengths(), 0)
    places = pc.subtract(pc.cumulative_sum(lengths), 1)
    return lists.flatten().take(pc.if_else(pc.equal(lengths, 1), places, None))


def _as_text(column: Any) -> Any:
    try:
        return column.cast(pa.large_string())
    except pa.ArrowInvalid:
        return column  # Not all of it is UTF-8.


def _shown(value: Any) -> Any:
    """Text as a person reads it: Great Expectations can compare and print no bytes."""
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
