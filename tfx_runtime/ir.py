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
        content = _parsed(content, place) if isinstance(content, str) else content
        if not _holds(content, key):
            names = ", ".join(content) if isinstance(content, dict) else ""
            raise InputError(f"'{place}': no key '{key}'; there is {names or 'none'}.")
        content = _at(content, key)
    return content


def _holds(content: Any, key: str) -> bool:
    if isinstance(content, list):
        return key.isdecimal() and int(key) < len(content)
    return isinstance(content, dict) and key in content


def _at(content: Any, key: str) -> Any:
    """What stands at a key of a mapping, or at an index of a list."""
    return content[int(key)] if isinstance(content, list) else content[key]


def bind(
    pipeline: pipeline_pb2.Pipeline,
    specs: Mapping[str, ParameterSpec],
    values: Mapping[str, ParameterValue],
) -> None:
    """Puts parameter values into the places that their specs name.

    Raises:
      InputError: a parameter is unknown, its value is not allowed, or one that has no default is
        missing.
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
    if missing := [n for n, spec in specs.items() if spec.default is None and n not in values]:
        raise InputError(f"Parameter '{missing[0]}': it has no default, so a run must give it.")


def substitute(
    pipeline: pipeline_pb2.Pipeline, runtime_parameters: Mapping[str, ParameterValue]
) -> None:
    """Fills TFX's own runtime parameters: the run id, the pipeline root."""
    runtime_parameter_utils.substitute_runtime_parameter(pipeline, dict(runtime_parameters))


def _write_place(pipeline: pipeline_pb2.Pipeline, place: str, new: ParameterValue) -> None:
    value, keys = _locate(pipeline, place)
    if keys:
        document = _parsed(plain(value), place)
        _put(document, keys, new)
        new = json.dumps(document, sort_keys=True)
    value.ClearField("runtime_parameter")
    set_plain(value.field_value, new)


def _put(document: dict[str, Any], keys: list[str], new: ParameterValue) -> None:
    target: Any = document
    for key in keys[:-1]:
        target = _at(target, key) if _holds(target, key) else target.setdefault(key, {})
    last = keys[-1]
    target[int(last) if isinstance(target, list) else last] = new


def _locate(pipeline: pipeline_pb2.Pipeline, place: str) -> tuple[pipeline_pb2.Value, list[str]]:
    node_id, path = _split(pipeline, place)
    parameter, *keys = path.split(".")
    parameters = find_node(pipeline, node_id).parameters.parameters
    if parameter not in parameters:
        raise InputError(
            f"'{place}': node '{node_id}' has no parameter '{parameter}'; "
            f"it has {', '.join(sorted(parameters)) or 'none'}."
        )
    return parameters[parameter], keys


def _split(pipeline: pipeline_pb2.Pipeline, place: str) -> tuple[str, str]:
    """The node's id, which may have dots itself, and what follows it."""
    ids = [n.node_info.id for n in nodes(pipeline) if place.startswith(f"{n.node_info.id}.")]
    node_id = max(ids, key=len, default=place.partition(".")[0])
    return node_id, place[len(node_id) + 1 :]


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


def set_plain(field: Any, value: ParameterValue) -> None:
    """Puts a plain value into an MLMD value."""
    match value:
        case bool() | int():
            field.int_value = int(value)
        case float():
            field.double_value = value
        case str():
            field.string_value = value
