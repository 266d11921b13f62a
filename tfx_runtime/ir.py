"""TFX's intermediate representation (IR): reading, writing, and setting values in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from tfx.orchestration.portable import runtime_parameter_utils
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from tfx_contract.errors import CompileError, InputError
from tfx_contract.node import ParameterValue
from tfx_contract.parameters import ParameterSpec, ParameterType
from tfx_contract.spans import has_spans

IR_SUFFIX = ".ir.json"

# Importing the module registers the messages that the IR carries as Any.
_ = executable_spec_pb2


def save(pipeline: pipeline_pb2.Pipeline, folder: Path, name: str) -> None:
    """Writes the IR as JSON, the same bytes for the same pipeline."""
    document = json_format.MessageToDict(pipeline, preserving_proto_field_name=True)
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    (folder / f"{name}{IR_SUFFIX}").write_text(text)


def load(folder: Path, name: str) -> pipeline_pb2.Pipeline:
    """Reads the IR of a compiled pipeline."""
    text = (folder / f"{name}{IR_SUFFIX}").read_text()
    return json_format.Parse(text, pipeline_pb2.Pipeline())


def nodes(pipeline: pipeline_pb2.Pipeline) -> Iterator[pipeline_pb2.PipelineNode]:
    """The nodes in topological order; a nested pipeline is refused.

    Raises:
      CompileError: the pipeline holds another pipeline as a node.
    """
    for entry in pipeline.nodes:
        if entry.WhichOneof("node") != "pipeline_node":
            name = entry.sub_pipeline.pipeline_info.id
            raise CompileError(
                f"Pipeline '{pipeline.pipeline_info.id}': node '{name}' is itself a pipeline, "
                "which is not supported; put its components into the outer one."
            )
        yield entry.pipeline_node


def pattern_with_spans(pipeline: pipeline_pb2.Pipeline) -> str | None:
    """The first input pattern of an ExampleGen that names spans."""
    for node in nodes(pipeline):
        if "input_config" not in node.parameters.parameters:
            continue
        config = _parsed(plain(node.parameters.parameters["input_config"]), node.node_info.id)
        patterns = [str(split.get("pattern", "")) for split in config.get("splits", [])]
        if dated := [pattern for pattern in patterns if has_spans(pattern)]:
            return dated[0]
    return None


def find_node(pipeline: pipeline_pb2.Pipeline, node_id: str) -> pipeline_pb2.PipelineNode:
    """The node of that id.

    Raises:
      InputError: there is none; the message lists those that are.
    """
    by_id = {node.node_info.id: node for node in nodes(pipeline)}
    if node_id not in by_id:
        raise InputError(f"Node '{node_id}': not in this pipeline; it has {', '.join(by_id)}.")
    return by_id[node_id]


def read_place(pipeline: pipeline_pb2.Pipeline, place: str) -> Any:
    """The value at `Node.parameter[.key…]`, None when the IR holds none.

    Raises:
      InputError: the node or the key does not exist.
    """
    value, keys = _locate(pipeline, place)
    if value.WhichOneof("value") == "runtime_parameter":
        default = value.runtime_parameter.default_value
        return (
            getattr(default, default.WhichOneof("value")) if default.WhichOneof("value") else None
        )
    content = plain(value)
    for key in keys:
        content = _parsed(content, place)
        if key not in content:
            raise InputError(f"'{place}': no key '{key}'; there is {', '.join(content) or 'none'}.")
        content = content[key]
    return content


def bind(
    pipeline: pipeline_pb2.Pipeline,
    specs: Mapping[str, ParameterSpec],
    values: Mapping[str, ParameterValue],
) -> None:
    """Puts parameter values into the places that their specs name.

    Raises:
      InputError: a parameter is unknown or its value is not allowed.
    """
    for name, value in values.items():
        if name not in specs:
            raise InputError(f"Parameter '{name}': unknown; allowed: {', '.join(specs) or 'none'}.")
        try:
            specs[name].check(value)
        except ValueError as error:
            raise InputError(f"Parameter '{name}': {error}.") from None
        for place in specs[name].bind:
            _write_place(pipeline, place, _typed(value, specs[name].type))


def substitute(
    pipeline: pipeline_pb2.Pipeline, runtime_parameters: Mapping[str, ParameterValue]
) -> None:
    """Fills TFX's own runtime parameters: the run id, the pipeline root."""
    runtime_parameter_utils.substitute_runtime_parameter(pipeline, dict(runtime_parameters))


def _write_place(pipeline: pipeline_pb2.Pipeline, place: str, new: ParameterValue) -> None:
    value, keys = _locate(pipeline, place)
    if keys:
        document = _parsed(plain(value), place)
        target = document
        for key in keys[:-1]:
            target = target.setdefault(key, {})
        target[keys[-1]] = new
        new = json.dumps(document, sort_keys=True)
    value.ClearField("runtime_parameter")
    _set_plain(value.field_value, new)


def _locate(pipeline: pipeline_pb2.Pipeline, place: str) -> tuple[pipeline_pb2.Value, list[str]]:
    node_id, _, path = place.partition(".")
    parameter, *keys = path.split(".")
    parameters = find_node(pipeline, node_id).parameters.parameters
    if parameter not in parameters:
        raise InputError(
            f"'{place}': node '{node_id}' has no parameter '{parameter}'; "
            f"it has {', '.join(sorted(parameters)) or 'none'}."
        )
    return parameters[parameter], keys


def plain(value: pipeline_pb2.Value) -> Any:
    """The value as Python holds it; None for a runtime parameter."""
    kind = value.field_value.WhichOneof("value")
    return getattr(value.field_value, kind) if kind else None


def _parsed(content: Any, place: str) -> dict[str, Any]:
    try:
        document = json.loads(content) if isinstance(content, str) else content
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise InputError(f"'{place}': this parameter is not a JSON object, so it has no keys.")
    return document


def _typed(value: ParameterValue, kind: ParameterType) -> ParameterValue:
    return float(value) if kind is ParameterType.FLOAT else value


def _set_plain(field: Any, value: ParameterValue) -> None:
    match value:
        case bool() | int():
            field.int_value = int(value)
        case float():
            field.double_value = value
        case str():
            field.string_value = value
