"""Run parameters of a compiled pipeline: those declared in `model.yaml`, and TFX's own."""

from __future__ import annotations

from tfx.proto.orchestration import pipeline_pb2

from tfx_contract.errors import CompileError, TfxAirflowError
from tfx_contract.model_spec import ModelSpec
from tfx_contract.parameters import ParameterSpec, ParameterType, RunOption
from tfx_runtime import ir

_RUNTIME_TYPES = {
    pipeline_pb2.RuntimeParameter.INT: ParameterType.INT,
    pipeline_pb2.RuntimeParameter.DOUBLE: ParameterType.FLOAT,
    pipeline_pb2.RuntimeParameter.STRING: ParameterType.STR,
}


def run_parameters(pipeline: pipeline_pb2.Pipeline, spec: ModelSpec) -> dict[str, ParameterSpec]:
    """Every parameter with its default; what the IR holds where none was declared.

    Raises:
      CompileError: a parameter is bound to no place of the pipeline, or its default is not allowed.
    """
    declared = _runtime_parameters(pipeline) | spec.parameters
    return {name: _with_default(name, p, pipeline) for name, p in declared.items()}


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


def _runtime_parameters(pipeline: pipeline_pb2.Pipeline) -> dict[str, ParameterSpec]:
    """RuntimeParameters of a pipeline that TFX users wrote become run parameters as they are."""
    places: dict[str, list[str]] = {}
    types: dict[str, ParameterType] = {}
    for node in ir.nodes(pipeline):
        for key, value in node.parameters.parameters.items():
            name = value.runtime_parameter.name
            if value.WhichOneof("value") == "runtime_parameter" and name != RunOption.SPAN:
                places.setdefault(name, []).append(f"{node.node_info.id}.{key}")
                types[name] = _RUNTIME_TYPES[value.runtime_parameter.type]
    return {name: ParameterSpec(type=types[name], bind=places[name]) for name in places}
