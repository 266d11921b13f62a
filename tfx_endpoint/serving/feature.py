"""One input of a signature: nested lists of JSON values to one array of its dtype and shape."""

from __future__ import annotations

from itertools import chain
from math import prod
from typing import Any

import numpy as np

from tfx_contract.manifest import TensorShape
from tfx_endpoint.serving.values import Array, Unfit, describe, kind_of


class Misfit(Exception):
    """Values that the input cannot take.

    Attributes:
      row: The first row that is wrong, None if it is all of them; the message says in what.
    """

    def __init__(self, row: int | None, message: str) -> None:
        super().__init__(message)
        self.row = row


class Feature:
    """Reads one input; made once per signature."""

    def __init__(self, name: str, tensor: TensorShape) -> None:
        self.name = name
        self.dtype = tensor.dtype
        self.shape = tensor.shape
        self._kind = kind_of(tensor.dtype)
        self.takes_null = self._kind.takes_null

    def __str__(self) -> str:
        return f"feature '{self.name}' ({self.dtype})"

    def read_rows(self, values: list[Any]) -> Array:
        """One value a row.

        Raises:
          Misfit: a row is of the wrong shape or type.
        """
        self._check_rows(len(values))
        flat, sizes = self._flatten(values)
        try:
            array = self._kind.convert(flat)
        except Unfit as unfit:
            row, *inner = np.unravel_index(unfit.position, (len(values), *sizes))
            where = "".join(f"[{index}]" for index in inner)
            raise Misfit(int(row), f"{unfit}, at {where}" if where else str(unfit)) from None
        return array.reshape(len(values), *sizes) if sizes else array

    def read_whole(self, value: Any) -> Array:
        """All rows in one; a single value where the input has no rows.

        Raises:
          Misfit: a row is of the wrong shape or type.
        """
        if isinstance(value, list) and self.shape != []:
            return self.read_rows(value)
        if self.shape:
            raise Misfit(None, f"found {describe(value)}, expected {_shaped(self.shape)}")
        try:
            return self._kind.convert([value]).reshape(())
        except Unfit as unfit:
            raise Misfit(None, str(unfit)) from None

    def _check_rows(self, rows: int) -> None:
        if self.shape == []:
            raise Misfit(None, "it has no rows; ask with 'inputs' instead of 'instances'")
        if self.shape and self.shape[0] not in (None, rows):
            raise Misfit(None, f"found {rows} rows, expected {self.shape[0]}")

    def _flatten(self, values: list[Any]) -> tuple[list[Any], list[int]]:
        """The single values, and the sizes of a row."""
        flat: list[Any] = values
        sizes: list[int] = []
        for size in _row_shape(self.shape, values):
            found = set(map(_length, flat))
            wanted = size if size is not None else max(_length(flat[0]) if flat else 0, 0)
            if not found <= {wanted}:
                raise self._misshapen(flat, wanted, prod(sizes))
            flat = list(chain.from_iterable(flat))
            sizes.append(wanted)
        return flat, sizes

    def _misshapen(self, flat: list[Any], wanted: int, values_per_row: int) -> Misfit:
        position = next(p for p, value in enumerate(flat) if _length(value) != wanted)
        found = describe(flat[position])
        shape = _row_shape(self.shape, flat)
        like_first = ", the same in every row" if None in shape else ""
        return Misfit(
            position // values_per_row, f"found {found}, expected {_shaped(shape)}{like_first}"
        )


def _row_shape(shape: list[int | None] | None, values: list[Any]) -> list[int | None]:
    """Of an input of any rank, as many dimensions as the first row has."""
    if shape is not None:
        return shape[1:]
    depth, value = 0, values
    while isinstance(value, list) and value:
        depth, value = depth + 1, value[0]
    return [None] * (depth - 1)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else -1


def _shaped(shape: list[int | None]) -> str:
    sizes = ", ".join("any" if size is None else str(size) for size in shape)
    return f"lists of shape [{sizes}]"
