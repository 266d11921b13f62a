"""What a signature takes and gives, as its SavedModel declares it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfx_contract.manifest import TensorShape

# TensorFlow keeps these for its own loaders.
_INTERNAL = "__saved_model_"

# dtypes that JSON values can be made of, and what TensorFlow's protocol buffers call them.
_PROTO_NAMES = {
    "bfloat16": "DT_BFLOAT16",
    "bool": "DT_BOOL",
    "float16": "DT_HALF",
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "int8": "DT_INT8",
    "int16": "DT_INT16",
    "int32": "DT_INT32",
    "int64": "DT_INT64",
    "string": "DT_STRING",
    "uint8": "DT_UINT8",
    "uint16": "DT_UINT16",
    "uint32": "DT_UINT32",
    "uint64": "DT_UINT64",
}


@dataclass(frozen=True)
class SignatureSpec:
    """One signature: its name, and the dtype and shape of each input and output by name."""

    name: str
    inputs: dict[str, TensorShape]
    outputs: dict[str, TensorShape]

    @property
    def has_batches(self) -> bool:
        """Whether rows of several requests can go through it in one call."""
        tensors = (*self.inputs.values(), *self.outputs.values())
        return bool(self.inputs) and all(map(_takes_any_rows, tensors))

    def as_metadata(self) -> dict[str, Any]:
        """As TF Serving lists it in a model's metadata, under `signature_def`."""
        return {
            "inputs": {name: _metadata(tensor) for name, tensor in self.inputs.items()},
            "outputs": {name: _metadata(tensor) for name, tensor in self.outputs.items()},
            "method_name": "tensorflow/serving/predict",
        }


def read_signatures(model: Any) -> dict[str, SignatureSpec]:
    """Those of a loaded SavedModel that callers may ask for, by name.

    Raises:
      ValueError: JSON has no values of a tensor's dtype.
    """
    return {
        name: SignatureSpec(
            name,
            _tensors(name, function.structured_input_signature[1]),
            _tensors(name, function.structured_outputs),
        )
        for name, function in sorted(model.signatures.items())
        if not name.startswith(_INTERNAL)
    }


def _tensors(signature: str, specs: dict[str, Any]) -> dict[str, TensorShape]:
    for name, spec in specs.items():
        if spec.dtype.name not in _PROTO_NAMES:
            raise ValueError(
                f"signature '{signature}', tensor '{name}': found dtype {spec.dtype.name}, "
                f"allowed are {', '.join(_PROTO_NAMES)}"
            )
    # A SavedModel has them in another order each time that it is read.
    return {name: _tensor(spec) for name, spec in sorted(specs.items())}


def _tensor(spec: Any) -> TensorShape:
    shape = None if spec.shape.rank is None else spec.shape.as_list()
    return TensorShape(dtype=spec.dtype.name, shape=shape)


def _takes_any_rows(tensor: TensorShape) -> bool:
    shape = tensor.shape
    return shape is not None and shape[:1] == [None]


def _metadata(tensor: TensorShape) -> dict[str, Any]:
    sizes = [-1 if size is None else size for size in tensor.shape or []]
    return {
        "dtype": _PROTO_NAMES[tensor.dtype],
        "tensor_shape": {
            "dim": [{"size": str(size), "name": ""} for size in sizes],
            "unknown_rank": tensor.shape is None,
        },
    }
