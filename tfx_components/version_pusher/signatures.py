"""What the signatures of a SavedModel take and give, read without loading the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.core.protobuf.meta_graph_pb2 import TensorInfo

from tfx_contract.manifest import SignatureShape, TensorShape

_INTERNAL = "__"
# A ragged or other composite tensor has no type of its own in the file, only its parts have.
_COMPOSITE = "composite"


def signature_shapes(model: Path) -> dict[str, SignatureShape]:
    """The signatures by name, TensorFlow's internal ones left out."""
    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((model / "saved_model.pb").read_bytes())
    found = {
        name: SignatureShape(inputs=_tensors(signature.inputs), outputs=_tensors(signature.outputs))
        for graph in proto.meta_graphs
        for name, signature in graph.signature_def.items()
        if not name.startswith(_INTERNAL)
    }
    return dict(sorted(found.items()))


def _tensors(infos: Mapping[str, TensorInfo]) -> dict[str, TensorShape]:
    return {
        name: TensorShape(dtype=_dtype(infos[name]), shape=_shape(infos[name]))
        for name in sorted(infos)
    }


def _dtype(info: TensorInfo) -> str:
    if not info.dtype:
        return _COMPOSITE
    # TensorFlow 1 saved references to variables, which callers see as their values.
    return str(tf.dtypes.as_dtype(info.dtype).base_dtype.name)


def _shape(info: TensorInfo) -> list[int | None] | None:
    if not info.HasField("tensor_shape") or info.tensor_shape.unknown_rank:
        return None
    return [None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim]
