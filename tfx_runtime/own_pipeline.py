"""Builds a pipeline that somebody wrote with TFX, as it is."""

from __future__ import annotations

import difflib
import importlib
import inspect
import traceback
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from absl import flags
from google.protobuf import json_format
from google.protobuf.message import Message
from tfx.orchestration import pipeline as tfx_pipeline

from tfx_contract.errors import CompileError
from tfx_contract.model_spec import PIPELINE_FILE, CustomModelSpec, OwnPipeline
from tfx_runtime.quiet_runners import quiet_runners
from tfx_runtime.unsupported import refuse_unsupported

Function = Callable[..., Any]

# With one of these, a pipeline says itself how Beam is to run.
_HOW_BEAM_RUNS = ("--runner", "--direct_running_mode")


def create_pipeline(spec: CustomModelSpec, folder: Path, scratch: Path) -> tfx_pipeline.Pipeline:
    """Calls the function that `pipeline.function` names.

    The pipeline gets the model's name, whatever its own is: two models may share one function, and
    their artifacts must not mix.

    Raises:
      CompileError: there is no such function, its arguments do not fit, it raised, or its pipeline
        holds what cannot run here.
    """
    name = spec.pipeline.function.partition(":")[2]
    with quiet_runners():
        function = _find(spec.pipeline.function, folder)
        arguments = _arguments(function, spec, folder, scratch)
        _parse_flags()
        try:
            built = function(**arguments)
        except (Exception, SystemExit) as error:
            raise CompileError(f"{folder}: {name}() raised {_told(error, folder)}") from error
    if not isinstance(built, tfx_pipeline.Pipeline):
        raise CompileError(f"{folder}: {name}() returned {_described(built)}")
    refuse_unsupported(built)
    _rename(built, folder.name)
    _run_beam(built, spec.execution.beam_args)
    return built


def _find(reference: str, folder: Path) -> Function:
    module_name, _, name = reference.partition(":")
    if reference == OwnPipeline().function and not (folder / PIPELINE_FILE).exists():
        raise CompileError(
            f"{folder / PIPELINE_FILE}: there is no such file; write it, or have model.yaml name "
            "another module in pipeline.function."
        )
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise CompileError(
            f"{folder}: importing '{module_name}', which model.yaml's pipeline.function names or "
            f"takes by default, raised {_told(error, folder)}"
        ) from error
    function = getattr(module, name, None)
    if not callable(function):
        found = [n for n, v in vars(module).items() if inspect.isfunction(v)]
        raise CompileError(
            f"{folder}: '{module_name}' has no function '{name}'; it has "
            f"{', '.join(found) or 'none'}. model.yaml names it as pipeline.function."
        )
    return typing.cast(Function, function)


def _parse_flags() -> None:
    """Flags of absl have their defaults, as in a script that was started without any."""
    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()


def _told(error: BaseException, folder: Path) -> str:
    """The error, and the line of the model's own code that it came from."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.filename}, line {error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).is_relative_to(folder)]
    place = f" ({Path(own[-1].filename).relative_to(folder)}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{place}"


def _described(built: object) -> str:
    expected = "expected a TFX Pipeline"
    if built is None:
        return f"None; {expected}. Does it lack a 'return'?"
    if isinstance(built, list | tuple):
        return (
            f"a {type(built).__name__} of {len(built)}; {expected}. A model is one pipeline: give "
            "each a folder of its own whose model.yaml names its function."
        )
    return f"an object of type {type(built).__name__}; {expected}."


def _arguments(
    function: Function, spec: CustomModelSpec, folder: Path, scratch: Path
) -> dict[str, Any]:
    accepted = inspect.signature(function).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in accepted.values())
    given = spec.pipeline.arguments
    for name in given:
        if name not in accepted and not takes_any:
            raise CompileError(_unknown(name, folder, list(accepted)))
    filled = _known(accepted, spec, folder, scratch) | given
    missing = [n for n, p in accepted.items() if n not in filled and _is_required(p)]
    if missing:
        raise CompileError(
            f"{folder / 'model.yaml'}: pipeline.arguments: "
            f"{spec.pipeline.function} needs {', '.join(missing)}."
        )
    return _with_protos(function, filled)


def _known(
    accepted: Mapping[str, inspect.Parameter], spec: CustomModelSpec, folder: Path, scratch: Path
) -> dict[str, Any]:
    """What every pipeline wants to know, and the node runner replaces for each run."""
    known = {
        "pipeline_name": folder.name,
        "pipeline_root": f"home://pipelines/{folder.name}",
        "enable_cache": True,
        "beam_pipeline_args": list(spec.execution.beam_args),
        "metadata_path": str(scratch / "unused.db"),
        "metadata_connection_config": None,
    }
    # Whoever wrote `enable_cache=False` as the default meant it.
    if "enable_cache" in accepted and not _is_required(accepted["enable_cache"]):
        del known["enable_cache"]
    return {name: value for name, value in known.items() if name in accepted}


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


def _run_beam(pipeline: tfx_pipeline.Pipeline, beam_args: list[str]) -> None:
    """Left to itself, Beam would look for a runner on the network first."""
    for component in pipeline.components:
        own = getattr(getattr(component, "executor_spec", None), "beam_pipeline_args", [])
        if not any(str(argument).startswith(_HOW_BEAM_RUNS) for argument in own):
            tfx_pipeline.add_beam_pipeline_args_to_component(component, list(beam_args))
