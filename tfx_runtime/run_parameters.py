"""Run parameters of a compiled pipeline: those declared in `model.yaml`, and TFX's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfx.proto.orchestration import pipeline_pb2

from tfx_contract.errors import CompileError, TfxAirflowError
from tfx_contract.model_spec import ModelSpec
from tfx_contract.parameters import ParameterSpec, ParameterType
from tfx_runtime import ir


def run_parameters(
    pipeline: pipeline_pb2.Pipeline,
    spec: ModelSpec,
    own: Mapping[str, ParameterSpec],
) -> dict[str, ParameterSpec]:
    """Every parameter with its default; what the IR holds where none was declared.

    Args:
      pipeline: The IR.
      spec: What `model.yaml` says; a parameter that it declares again is the pipeline's own with
        what it adds: bounds, a description, another default.
      own: The RuntimeParameters of the pipeline.

    Raises:
      CompileError: a parameter is bound to no place of the pipeline, or its default is not allowed.
    """
    declared = {n: _declared_again(n, p, own.get(n)) for n, p in spec.parameters.items()}
    filled = {n: _with_default(n, p, pipeline) for n, p in {**own, **declared}.items()}
    for name, parameter in filled.items():
        if parameter.default is None and spec.schedule:
            raise CompileError(
                f"model.yaml: parameters.{name}: it has no default, and a run by schedule "
                f"'{spec.schedule}' has nobody to ask; add parameters.{name}.default."
            )
    return filled


def _declared_again(name: str, new: ParameterSpec, own: ParameterSpec | None) -> ParameterSpec:
    if own is None:
        if not new.bind:
            raise CompileError(
                f"model.yaml: parameters.{name}: 'bind' is missing. It names places, each "
                "Node.parameter or Node.parameter.key; only a RuntimeParameter of the pipeline, "
                "declared again under its name, needs none."
            )
        return new
    if new.type not in (own.type, ParameterType.CHOICE):
        raise CompileError(
            f"model.yaml: parameters.{name}: type '{new.type}', but the pipeline's "
            f"RuntimeParameter is of type '{own.type}'; allowed: {own.type}, choice."
        )
    update: dict[str, Any] = {"bind": list(dict.fromkeys([*own.bind, *new.bind]))}
    update["default"] = own.default if new.default is None else new.default
    update["description"] = new.description or own.description
    return new.model_copy(update=update)


def _with_default(
    name: str, parameter: ParameterSpec, pipeline: pipeline_pb2.Pipeline
) -> ParameterSpec:
    try:
        values = [ir.read_place(pipeline, place) for place in parameter.bind]
        default = values[0] if parameter.default is None else parameter.default
        filled = parameter.model_copy(update={"default": default})
        if default is not None:
            filled.check(default)
    except (TfxAirflowError, ValueError) as error:
        raise CompileError(f"model.yaml: parameters.{name}: {error}") from None
    return filled
