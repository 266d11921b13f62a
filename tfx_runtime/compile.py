"""Compiles a model's folder: `python -m tfx_runtime.compile FOLDER --compiled DIR`."""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import tfx
from tfx.dsl.compiler.compiler import Compiler
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto.orchestration import pipeline_pb2

from tfx_contract.compiled import (
    DRIFT,
    POINTER_FILE,
    SCORE,
    TRAIN,
    CodeOrigin,
    CompiledPipeline,
    Package,
    Pointer,
    load_pointer,
)
from tfx_contract.errors import CompileError, PackageError, TfxAirflowError
from tfx_contract.model_spec import AnyModelSpec, StandardModelSpec, load_model_spec
from tfx_contract.parameters import ParameterSpec
from tfx_contract.sources import source_files
from tfx_runtime import (
    drift_pipeline,
    ir,
    log_columns,
    modules,
    own_files,
    own_pipeline,
    package,
    runtime_parameters,
    scoring_pipeline,
    training_pipeline,
    user_code,
    watching,
)
from tfx_runtime.modules import Files
from tfx_runtime.node_records import node_records
from tfx_runtime.run_parameters import run_parameters

Built = tuple[pipeline_pb2.Pipeline, dict[str, ParameterSpec]]


def compile_model(folder: Path, compiled: Path) -> Package:
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


def _compile(folder: Path, target: Path) -> Package:
    spec = load_model_spec(folder)
    with package.draft(target) as draft:
        code: Files = {}
        pipelines: dict[str, CompiledPipeline] = {}
        for name, (pipeline, own) in _build(spec, folder, draft).items():
            code |= user_code.take_code(pipeline, folder, draft)
            pipelines[name] = _compiled(pipeline, _as_said_of(name, spec), own)
            ir.save(pipeline, draft.folder, name)
        return draft.finish(
            Package(
                model=folder.name,
                digest="",
                spec=spec,
                pipelines=pipelines,
                modules_digest=modules.digest(code),
                origin=_origin(folder),
                tfx_version=tfx.__version__,
            )
        )


def _build(spec: AnyModelSpec, folder: Path, draft: package.Draft) -> dict[str, Built]:
    """The IR of every pipeline of a model, by name, and the parameters that TFX gave it."""
    if isinstance(spec, StandardModelSpec):
        built = {TRAIN: training_pipeline.create_pipeline(spec, folder, draft.add_file)}
        if spec.scoring:
            built[SCORE] = scoring_pipeline.create_pipeline(spec, spec.scoring, folder.name)
        log_columns.check_log_columns(spec, folder / "schema.pbtxt")
        if spec.drift and spec.serving:
            built[DRIFT] = drift_pipeline.create_pipeline(
                spec, spec.drift, spec.serving, folder.name
            )
        own = {DRIFT: drift_pipeline.PARAMETERS, TRAIN: {}}
        if spec.drift:
            own[TRAIN] = watching.MUST_GAIN
        return {name: (_ir_of(it), own.get(name, {})) for name, it in built.items()}
    with modules.importable_from(user_code.roots_of(folder)), TemporaryDirectory() as scratch:
        own = own_pipeline.create_pipeline(spec, folder, Path(scratch))
        noted = runtime_parameters.note(own, folder)
        pipeline = _ir_of(own)
    parameters = runtime_parameters.take(pipeline, noted)
    own_files.take_files(pipeline, folder, draft)
    return {TRAIN: (pipeline, parameters)}


def _as_said_of(pipeline: str, spec: AnyModelSpec) -> AnyModelSpec:
    """`parameters` of `model.yaml` name places in the training pipeline, and in no other."""
    return spec if pipeline == TRAIN else spec.model_copy(update={"parameters": {}})


def _ir_of(pipeline: tfx_pipeline.Pipeline) -> pipeline_pb2.Pipeline:
    try:
        return Compiler().compile(pipeline)
    except Exception as error:
        raise CompileError(f"TFX cannot compile the pipeline: {error}") from error


def _compiled(
    pipeline: pipeline_pb2.Pipeline, spec: AnyModelSpec, own: dict[str, ParameterSpec]
) -> CompiledPipeline:
    return CompiledPipeline(
        nodes=node_records(pipeline, spec),
        parameters=run_parameters(pipeline, spec, own),
        pattern=ir.pattern_with_spans(pipeline),
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
