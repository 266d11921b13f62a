"""Which signatures are asked with rows of raw columns, and which columns all of those have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_contract.manifest import SignatureShape

_TEXT = "string"


@dataclass(frozen=True)
class Asked:
    """Signatures whose requests can be compared with training rows, in these columns."""

    signatures: frozenset[str]
    columns: tuple[str, ...]


def asked_of(
    shapes: Mapping[str, SignatureShape], schema: schema_pb2.Schema, outputs_like: str
) -> Asked:
    """What requests can be compared in.

    A signature that takes other columns, such as those after a transformation, is left out, and so
    is one that gives something else than predictions.

    Args:
      shapes: The signatures of a version.
      schema: Of the rows that it learned from.
      outputs_like: A signature that predicts.
    """
    known = [feature.name for feature in schema.feature]
    wanted = set(shapes[outputs_like].outputs) if outputs_like in shapes else None
    columns = {
        name: found
        for name, shape in shapes.items()
        if wanted in (None, set(shape.outputs)) and (found := _columns(shape, known))
    }
    shared = set(known).intersection(*columns.values()) if columns else set()
    return Asked(frozenset(columns), tuple(name for name in known if name in shared))


def _columns(shape: SignatureShape, known: list[str]) -> set[str]:
    """The raw columns that a signature takes; serialized examples may have all of them."""
    if shape.inputs.keys() <= set(known):
        return set(shape.inputs)
    if [tensor.dtype for tensor in shape.inputs.values()] == [_TEXT]:
        return set(known)
    return set()
