"""Columns as JSON has them, as lists of the types that TFX works with."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tfx_components.request_statistics.one_row import Unfit

_types = pa.types


def missing_column(rows: int, kind: pa.DataType) -> pa.Array:
    """A column that no row has."""
    return pa.nulls(rows, pa.large_list(kind))


def typed_column(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """A column of single values or of lists as one of lists of this type; null stays null.

    Raises:
      Unfit: values are of another type, or a list holds a null.
      pyarrow.ArrowInvalid: a fraction where whole numbers belong.
    """
    if _types.is_list(column.type):
        lengths = pc.fill_null(pc.list_value_length(column), 0)
        return _lists(lengths, _cast(column.flatten(), kind), column.is_null(), whole=True)
    values = _cast(column, kind)
    return _lists(values.is_valid(), values.drop_null(), values.is_null())


def _lists(lengths: pa.Array, values: pa.Array, missing: pa.Array, whole: bool = False) -> pa.Array:
    if whole and values.null_count:
        raise Unfit
    ends = pc.cumulative_sum(lengths.cast(pa.int64()))
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), ends])
    return pa.LargeListArray.from_arrays(offsets, values, mask=missing)


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array:
    found = values.type
    if not _types.is_null(found) and not _fits(found, kind):
        raise Unfit
    # Arrow refuses to lose digits of a whole number on the way to 32 bits, TFX does not.
    return values.cast(kind, safe=kind != pa.float32())


def _fits(found: pa.DataType, kind: pa.DataType) -> bool:
    if kind == pa.large_binary():
        return bool(_types.is_string(found))
    return bool(_types.is_integer(found) or _types.is_floating(found) or _types.is_boolean(found))
