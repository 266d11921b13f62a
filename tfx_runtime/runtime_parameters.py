"""The RuntimeParameters of a pipeline that was written for TFX, taken over as run parameters.

TFX puts one that is a component's whole argument into the IR, without its description and without
a default of 0 or "". One inside of a mapping (`train_args`, `custom_config`) becomes JSON that no
runner looks at again. Here each becomes a run parameter bound to its place, and the place holds the
default.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto.orchestration import pipeline_pb2
from tfx.utils import json_utils

from tfx_contract.errors import CompileError
from tfx_contract.node import ParameterValue
from tfx_contract.parameters import ParameterSpec, ParameterType, RunOption
from tfx_runtime import ir, own_files

Noted = dict[str, RuntimeParameter]

_TYPES = {
    int: ParameterType.INT,
    float: ParameterType.FLOAT,
    str: ParameterType.STR,
    bool: ParameterType.BOOL,
}
_CLASS = "__class__"
_MARK = f'"{_CLASS}": "RuntimeParameter"'


def note(pipeline: tfx_pipeline.Pipeline, folder: Path) -> Noted:
    """What the IR will not say about parameters that are whole arguments.

    Also gives a type to those that have none, since TFX cannot compile them, and makes a default
    absolute that is a path in the model's folder.
    """
    noted: Noted = {}
    for node in pipeline.components:
        for key, value in node.exec_properties.items():
            if isinstance(value, dict | list) and "RuntimeParameter" in repr(value):
                raise CompileError(
                    f"Node '{node.id}': a RuntimeParameter stands in its '{key}', where no runner "
                    "looks for one; allowed: in a component's arguments."
                )
            if isinstance(value, RuntimeParameter):
                value.ptype = _python_type(value)
                if isinstance(value.default, str):
                    value.default = own_files.anchored(folder, key, value.default)
                _refuse_another(noted.setdefault(value.name, value), value)
    return noted


def take(pipeline: pipeline_pb2.Pipeline, noted: Noted) -> dict[str, ParameterSpec]:
    """Takes them out of the IR.

    Raises:
      CompileError: one stands where no run can set it, or two of one name differ.
    """
    taken = _Taken(dict(noted))
    for node in ir.nodes(pipeline):
        for key, value in node.parameters.parameters.items():
            place = f"{node.node_info.id}.{key}"
            if value.WhichOneof("value") == "runtime_parameter":
                _take_whole(taken, place, value)
            elif RuntimeParameter.__name__ in value.field_value.string_value:
                value.field_value.string_value = _take_nested(taken, place, ir.plain(value))
    return {name: _spec(taken.known[name], places) for name, places in taken.places.items()}


@dataclass
class _Taken:
    known: Noted
    places: dict[str, list[str]] = field(default_factory=dict)

    def add(self, parameter: RuntimeParameter, place: str) -> Any:
        """Notes a place; returns what it holds from now on."""
        _refuse_another(self.known.setdefault(parameter.name, parameter), parameter)
        _refuse_what_cannot_change(parameter.name, place)
        self.places.setdefault(parameter.name, []).append(place)
        return parameter.default


def _take_whole(taken: _Taken, place: str, value: pipeline_pb2.Value) -> None:
    default: ParameterValue | None
    default = taken.add(taken.known[value.runtime_parameter.name], place)
    if default is not None:
        value.Clear()
        ir.set_plain(value.field_value, default)


def _take_nested(taken: _Taken, place: str, text: str) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        document = text
    changed = _without(taken, place, document)
    return text if changed == document else json.dumps(changed, sort_keys=True)


def _without(taken: _Taken, place: str, content: Any) -> Any:
    if isinstance(content, str) and _MARK in content:
        raise CompileError(_inside_of_a_text(place))
    if isinstance(content, list):
        return [_without(taken, f"{place}.{n}", item) for n, item in enumerate(content)]
    if not isinstance(content, dict):
        return content
    if content.get(_CLASS) == RuntimeParameter.__name__:
        return taken.add(json_utils.loads(json.dumps(content)), place)
    return {key: _without(taken, f"{place}.{key}", item) for key, item in content.items()}


def _spec(parameter: RuntimeParameter, places: list[str]) -> ParameterSpec:
    return ParameterSpec(
        type=_TYPES[_python_type(parameter)],
        bind=places,
        default=parameter.default,
        description=parameter.description or "",
    )


def _python_type(parameter: RuntimeParameter) -> type:
    by_default = str if parameter.default is None else type(parameter.default)
    return parameter.ptype or by_default


def _refuse_another(first: RuntimeParameter, second: RuntimeParameter) -> None:
    for what in ("ptype", "default"):
        found = [getattr(parameter, what) for parameter in (first, second)]
        if found[0] != found[1]:
            raise CompileError(
                f"RuntimeParameter '{first.name}': found with {what} {found[0]!r} and with "
                f"{found[1]!r}; parameters of one name are one parameter. Rename one."
            )


def _refuse_what_cannot_change(name: str, place: str) -> None:
    if name in set(RunOption):
        raise CompileError(
            f"RuntimeParameter '{name}' at '{place}': every DAG has a parameter of this name; "
            "rename it."
        )
    if place.rpartition(".")[2] in ("module_file", "run_fn", "preprocessing_fn"):
        raise CompileError(
            f"RuntimeParameter '{name}' at '{place}': the code of a run is part of its compiled "
            "pipeline and cannot be a parameter; give the module itself."
        )


def _inside_of_a_text(place: str) -> str:
    return (
        f"'{place}': a RuntimeParameter is part of a longer text, where no runner can fill it in; "
        "make the whole text the parameter."
    )
