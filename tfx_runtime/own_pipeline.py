"""Builds a pipeline that somebody wrote with TFX, as it is."""

from __future__ import annotations

import difflib
import importlib
import inspect
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from tfx.orchestration import pipeline as tfx_pipeline

from tfx_contract.errors import CompileError
from tfx_contract.model_spec import CustomModelSpec

Function = Callable[..., Any]


def create_pipeline(spec: CustomModelSpec, folder: Path, scratch: Path) -> tfx_pipeline.Pipeline:
    """Calls the function that `pipeline.function` names.

    The pipeline gets the model's name, whatever its own is: two models may share one function, and
    their artifacts must not mix.

    Raises:
      CompileError: there is no such function, its arguments do not fit, or it raised.
    """
    function = _find(spec.pipeline.function, folder)
    name = spec.pipeline.function.partition(":")[2]
    arguments = _arguments(function, spec, folder, scratch)
    try:
        built = function(**arguments)
    except Exception as error:
        raise CompileError(f"{folder}: {name}() raised {type(error).__name__}: {error}") from error
    if not isinstance(built, tfx_pipeline.Pipeline):
        raise CompileError(
            f"{folder}: {name}() returned {type(built).__name__}; expected a TFX Pipeline."
        )
    _rename(built, folder.name)
    return built


def _find(reference: str, folder: Path) -> Function:
    module_name, _, name = reference.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise CompileError(
            f"{folder}: importing '{module_name}' raised {type(error).__name__}: {error}"
        ) from error
    function = getattr(module, name, None)
    if not callable(function):
        found = [n for n, v in vars(module).items() if inspect.isfunction(v)]
        raise CompileError(
            f"{folder}: '{module_name}' has no function '{name}'; it has "
            f"{', '.join(found) or 'none'}. model.yaml names it as pipeline.function."
        )
    return typing.cast(Function, function)


def _arguments(
    function: Function, spec: CustomModelSpec, folder: Path, scratch: Path
) -> dict[str, Any]:
    accepted = inspect.signature(function).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in accepted.values())
    given = spec.pipeline.arguments
    for name in given:
        if name not in accepted and not takes_any:
            raise CompileError(_unknown(name, folder, list(accepted)))
    filled = {k: v for k, v in _known(spec, folder, scratch).items() if k in accepted} | given
    missing = [n for n, p in accepted.items() if n not in filled and _is_required(p)]
    if missing:
        raise CompileError(
            f"{folder / 'model.yaml'}: pipeline.arguments: "
            f"{spec.pipeline.function} needs {', '.join(missing)}."
        )
    return _with_protos(function, filled)


def _known(spec: CustomModelSpec, folder: Path, scratch: Path) -> dict[str, Any]:
    """What every pipeline wants to know, and the node runner replaces for each run."""
    return {
        "pipeline_name": folder.name,
        "pipeline_root": f"home://pipelines/{folder.name}",
        "enable_cache": True,
        "beam_pipeline_args": list(spec.execution.beam_args),
        "metadata_path": str(scratch / "unused.db"),
        "metadata_connection_config": None,
    }


def _is_required(parameter: inspect.Parameter) -> bool:
    is_named = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return is_named and parameter.default is parameter.empty


def _with_protos(function: Function, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """YAML knows no protocol buffers: a mapping for an argument of that type becomes one."""
    try:
        hints = typing.get_type_hints(function)
    except Exception:
        hints = {}
    return {k: _as_proto(hints.get(k), v) for k, v in arguments.items()}


def _as_proto(hint: Any, value: Any) -> Any:
    kinds = [k for k in (hint, *typing.get_args(hint)) if inspect.isclass(k)]
    protos = [k for k in kinds if issubclass(k, Message)]
    if protos and isinstance(value, dict):
        return json_format.ParseDict(value, protos[0]())
    return value


def _unknown(name: str, folder: Path, accepted: list[str]) -> str:
    close = difflib.get_close_matches(name, accepted, n=1, cutoff=0.5)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return (
        f"{folder / 'model.yaml'}: pipeline.arguments.{name}: the function takes no such "
        f"argument; allowed: {', '.join(accepted) or 'none'}.{hint}"
    )


def _rename(pipeline: tfx_pipeline.Pipeline, name: str) -> None:
    pipeline.pipeline_name = name
    pipeline.pipeline_info.pipeline_name = name
    pipeline.pipeline_info.pipeline_root = str(tfx_pipeline.ROOT_PARAMETER)
