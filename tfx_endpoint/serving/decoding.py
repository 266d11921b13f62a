"""JSON of a request to arrays of one signature; every mistake names where it is.

Rows are what Vertex AI calls instances: objects of features and values, or bare values where the
signature has one input. Columns are TF Serving's `inputs`: all rows of a feature in one.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from tfx_endpoint.errors import invalid
from tfx_endpoint.serving.feature import Feature, Misfit
from tfx_endpoint.serving.loaded import Arrays
from tfx_endpoint.serving.signatures import SignatureSpec
from tfx_endpoint.serving.values import describe, is_bytes

_INSTANCES, _INPUTS = "instances", "inputs"


class Decoder:
    """Reads requests for one signature; made once.

    Args:
      spec: The signature.
      max_instances: In one request.
    """

    def __init__(self, spec: SignatureSpec, max_instances: int) -> None:
        self._signature = spec.name
        self._has_batches = spec.has_batches
        self._max_instances = max_instances
        self._features = {name: Feature(name, tensor) for name, tensor in spec.inputs.items()}
        self._only = next(iter(self._features)) if len(self._features) == 1 else None

    def takes(self, row: object) -> bool:
        """Whether a row, or `inputs`, names features of this signature alone, or none at all."""
        named = self._named(row)
        return named is None or named.keys() <= self._features.keys()

    def rows(self, instances: object) -> Arrays:
        """Of instances.

        Raises:
          RequestError: INVALID_ARGUMENT; the first mistake.
        """
        if not isinstance(instances, list) or not instances:
            found = "an empty list" if instances == [] else describe(instances)
            raise invalid(f"{_INSTANCES}: found {found}, expected a list of one instance or more")
        self._check_count(_INSTANCES, len(instances))
        columns = self._transposed(instances)
        return {
            name: _read(_INSTANCES, feature, feature.read_rows, columns[name])
            for name, feature in self._features.items()
        }

    def columns(self, inputs: object) -> Arrays:
        """Of `inputs`.

        Raises:
          RequestError: INVALID_ARGUMENT; the first mistake.
        """
        named = self._named(inputs)
        if named is None:
            self._blame_type(_INPUTS, inputs)
        self._check_names(_INPUTS, named)
        arrays = {
            name: _read(_INPUTS, feature, feature.read_whole, named[name])
            for name, feature in self._features.items()
        }
        counts = {name: count_rows({name: array}) for name, array in arrays.items()}
        for count in counts.values():
            self._check_count(_INPUTS, count)
        if self._has_batches and len(set(counts.values())) > 1:
            found = ", ".join(f"'{name}' {count}" for name, count in counts.items())
            raise invalid(f"{_INPUTS}: all features need the same number of rows, found {found}")
        return arrays

    def _named(self, row: object) -> dict[str, Any] | None:
        """An object of features, which a bare value is turned into where there is one feature."""
        if isinstance(row, dict) and not (self._only and is_bytes(row) and self._only != "b64"):
            return row
        return {self._only: row} if self._only else None

    def _transposed(self, rows: list[Any]) -> dict[str, list[Any]]:
        named: list[Any] = [self._named(row) for row in rows] if self._only else rows
        try:
            columns = {name: [row[name] for row in named] for name in self._features}
        except (KeyError, TypeError):
            self._blame_row(named)
        if any(len(row) != len(columns) for row in named):
            self._blame_row(named)
        return columns

    def _blame_row(self, rows: list[Any]) -> NoReturn:
        for position, row in enumerate(rows):
            where = f"{_INSTANCES}[{position}]"
            if not isinstance(row, dict):
                self._blame_type(where, row)
            self._check_names(where, row)
        raise invalid(f"{_INSTANCES}: expected {self._expected()}")

    def _blame_type(self, where: str, found: object) -> NoReturn:
        raise invalid(f"{where}: found {describe(found)}, expected {self._expected()}")

    def _check_names(self, where: str, row: dict[str, Any]) -> None:
        for name in row:
            if name not in self._features:
                raise invalid(f"{where}: {self._unknown(name)}")
        for name, feature in self._features.items():
            if name not in row:
                hint = "; send null when it has no value" if feature.takes_null else ""
                raise invalid(f"{where}: {feature} is missing{hint}")

    def _unknown(self, name: str) -> str:
        nearest = difflib.get_close_matches(name, self._features, n=1)
        hint = f"; did you mean '{nearest[0]}'?" if nearest else f"; it has {self._names()}"
        return f"signature '{self._signature}' has no feature {describe(name)}{hint}"

    def _expected(self) -> str:
        return f"an object with the features of signature '{self._signature}': {self._names()}"

    def _names(self) -> str:
        return ", ".join(self._features) or "none"

    def _check_count(self, where: str, count: int) -> None:
        if count == 0:
            raise invalid(f"{where}: found no rows, expected one or more")
        if count > self._max_instances:
            raise invalid(
                f"{where}: found {count} rows, at most {self._max_instances} are answered in one "
                "request; send them in several"
            )


def count_rows(arrays: Arrays) -> int:
    """Rows of a request: those of its first array; a single value is one."""
    array = next(iter(arrays.values()), None)
    return len(array) if array is not None and array.ndim else 1


def _read(
    where: str, feature: Feature, read: Callable[[Any], np.ndarray[Any, Any]], values: Any
) -> np.ndarray[Any, Any]:
    try:
        return read(values)
    except Misfit as misfit:
        row = "" if misfit.row is None else f"[{misfit.row}]"
        raise invalid(f"{where}{row}: {feature}: {misfit}") from None
