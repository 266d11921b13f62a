"""Compiles a model's folder: `python -m tfx_runtime.compile FOLDER --compiled DIR`."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import tfx
from tfx.dsl.compiler.compiler import Compiler
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto.orchestration import pipeline_pb2

from tfx_contract.compiled import (
    POINTER_FILE,
    CodeOrigin,
    CompiledPipeline,
    NodeRecord,
    Pointer,
    load_pointer,
)
from tfx_contract.errors import CompileError, PackageError, TfxAirflowError
from tfx_contract.model_spec import ModelSpec, load_model_spec
from tfx_contract.parameters import ParameterSpec, ParameterType
from tfx_contract.sources import SHARED_FOLDER, source_files
from tfx_runtime import ir, modules, package, training_pipeline

_RUNTIME_TYPES = {
    pipeline_pb2.RuntimeParameter.INT: ParameterType.INT,
    pipeline_pb2.RuntimeParameter.DOUBLE: ParameterType.FLOAT,
    pipeline_pb2.RuntimeParameter.STRING: ParameterType.STR,
}


def compile_model(folder: Path, compiled: Path) -> CompiledPipeline:
    """Compiles `dags/<model>/` into `compiled/<model>/<digest>/` and points new runs at it.

    Raises:
      InputError: the model folder has a mistake. The last good package stays current, and its
        pointer says why the newest sources are not in it.
    """
    target = compiled / folder.name
    try:
        record = _compile(folder, target)
    except TfxAirflowError as error:
        _note_failure(target, str(error))
        raise
    _point(target, record.digest, folder)
    return record


def _compile(folder: Path, target: Path) -> CompiledPipeline:
    spec = load_model_spec(folder)
    with package.draft(target) as draft:
        pipeline = _compiled_ir(_build(spec, folder, draft))
        used = _take_modules(pipeline, folder, draft)
        parameters = _parameters(pipeline, spec)
        ir.save(pipeline, draft.folder)
        return draft.finish(
            CompiledPipeline(
                model=folder.name,
                digest="",
                spec=spec,
                nodes=[_record(node) for node in ir.nodes(pipeline)],
                parameters=parameters,
                modules_digest=modules.digest(used),
                origin=_origin(folder),
                tfx_version=tfx.__version__,
            )
        )


def _build(spec: ModelSpec, folder: Path, draft: package.Draft) -> tfx_pipeline.Pipeline:
    own = folder / "pipeline.py"
    if not own.exists():
        return training_pipeline.create_pipeline(spec, folder, package_file=draft.add_file)
    try:
        built = _load(own).create_pipeline()
    except Exception as error:
        raise CompileError(
            f"{own}: create_pipeline() raised {type(error).__name__}: {error}"
        ) from error
    return built


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise CompileError(f"{path}: this is not a Python module.")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


def _compiled_ir(pipeline: tfx_pipeline.Pipeline) -> pipeline_pb2.Pipeline:
    try:
        return Compiler().compile(pipeline)
    except Exception as error:
        raise CompileError(f"TFX cannot compile the pipeline: {error}") from error


def _take_modules(
    pipeline: pipeline_pb2.Pipeline, folder: Path, draft: package.Draft
) -> dict[str, Path]:
    """Replaces every `module_file` by a module of the package.

    TFX's cache key knows the module's name only, so the digest of all files behind it becomes a
    parameter of the node: an edit runs again what uses the file, and nothing else.
    """
    taken: dict[str, Path] = {}
    for node in ir.nodes(pipeline):
        parameters = node.parameters.parameters
        if "module_file" not in parameters:
            continue
        path = Path(parameters.pop("module_file").field_value.string_value)
        files = modules.closure(path, [folder, folder.parent / SHARED_FOLDER])
        modules.refuse_clash(path.stem, path)
        parameters["module_path"].field_value.string_value = path.stem
        parameters["module_digest"].field_value.string_value = modules.digest(files)
        draft.add_modules(files)
        taken |= files
    return taken


def _parameters(pipeline: pipeline_pb2.Pipeline, spec: ModelSpec) -> dict[str, ParameterSpec]:
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
            if value.WhichOneof("value") == "runtime_parameter":
                name = value.runtime_parameter.name
                places.setdefault(name, []).append(f"{node.node_info.id}.{key}")
                types[name] = _RUNTIME_TYPES[value.runtime_parameter.type]
    return {name: ParameterSpec(type=types[name], bind=places[name]) for name in places}


def _record(node: pipeline_pb2.PipelineNode) -> NodeRecord:
    return NodeRecord(
        id=node.node_info.id,
        type=node.node_info.type.name.rpartition(".")[2],
        upstream=sorted(node.upstream_nodes),
        parameters={
            key: ir.plain(value) for key, value in sorted(node.parameters.parameters.items())
        },
    )


def _origin(folder: Path) -> CodeOrigin:
    marker = Path(sys.prefix) / "tfx_airflow_environment.json"
    environment = json.loads(marker.read_text())["lock_sha256"] if marker.exists() else None
    commit = _git(folder, "rev-parse", "HEAD")
    status = _git(folder, "status", "--porcelain", "--", ".")
    return CodeOrigin(
        git_commit=commit,
        git_dirty=None if status is None else bool(status),
        environment=environment,
    )


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _point(target: Path, digest: str, folder: Path) -> None:
    Pointer(
        digest=digest,
        sources={
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for name, path in source_files(folder).items()
        },
        compiled_at=datetime.now(UTC).isoformat(timespec="seconds"),
    ).write(target / POINTER_FILE)


def _note_failure(target: Path, message: str) -> None:
    try:
        pointer = load_pointer(target)
    except PackageError:
        return
    pointer.model_copy(update={"failure": message}).write(target / POINTER_FILE)


def main() -> int:
    """Prints the digest; on a mistake of the user's, the message, and exits 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--compiled", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        record = compile_model(arguments.folder.resolve(), arguments.compiled.resolve())
    except TfxAirflowError as error:
        print(error, file=sys.stderr)
        return 2
    print(record.digest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
