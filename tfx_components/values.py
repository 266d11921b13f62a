"""Values of a row, as `tf.Example`s hold them; `tfx_components.columns` has the table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import tensorflow as tf

from tfx_contract.errors import DataError

# Nearly all values are of these types, and there are as many as cells.
_AS_THEY_ARE = frozenset({int, float, str, bytes, type(None)})


def plain(value: Any) -> Any:
    """A value as a number, text, bytes, None, or a list of these."""
    if type(value) in _AS_THEY_ARE:
        return value
    match value:
        case bool():
            return int(value)
        case datetime():
            return _seconds(value)
        case date():
            return _seconds(datetime(value.year, value.month, value.day))
        case Decimal():
            return float(value)
        case UUID():
            return str(value)
        case list():
            return [plain(item) for item in value]
    return value


def example_of(row: Mapping[str, Any]) -> tf.train.Example:
    """The `tf.Example` of a row.

    Raises:
      DataError: a value has no place in one; the message names the column.
    """
    example = tf.train.Example()
    for name, value in row.items():
        try:
            _fill(example.features.feature[name], plain(value))
        except (TypeError, ValueError) as error:
            raise DataError(
                f"Column '{name}': found {value!r}, which a tf.Example cannot hold: {error}."
            ) from error
    return example


def _fill(feature: tf.train.Feature, value: Any) -> None:
    values = value if isinstance(value, list) else [value]
    if value is None or not values:
        return
    if isinstance(values[0], int):
        feature.int64_list.value.extend(values)
    elif isinstance(values[0], float):
        feature.float_list.value.extend(values)
    else:
        feature.bytes_list.value.extend(v.encode() if isinstance(v, str) else v for v in values)


def _seconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return math.floor(aware.timestamp())
