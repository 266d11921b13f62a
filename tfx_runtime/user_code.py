"""The model's own Python code: taken into the package, and made known to the nodes that use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from tfx_contract.errors import CompileError
from tfx_contract.sources import SHARED_FOLDER
from tfx_runtime import ir, modules
from tfx_runtime.modules import Files
from tfx_runtime.package import Draft
from tfx_runtime.uris import resolve_uri

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def roots_of(folder: Path) -> list[Path]:
    """Where a model's own modules are: its folder, and what models share."""
    return [folder, folder.parent / SHARED_FOLDER]


def take_code(pipeline: pipeline_pb2.Pipeline, folder: Path, draft: Draft) -> Files:
    """Takes every module of the model that a node uses into the package.

    TFX's cache key knows code by its name only, so the digest of all files behind it becomes a
    parameter of the node: an edit runs again what uses the file, and nothing else.

    Raises:
      CompileError: a module is missing, broken, or named as another one is.
    """
    taken: Files = {}
    for node in ir.nodes(pipeline):
        files = _code_of(node, pipeline, folder)
        if files:
            value = node.parameters.parameters["module_digest"].field_value
            value.string_value = modules.digest(files)
            _refuse_twins(taken, files)
            taken |= files
    draft.add_modules(taken)
    return taken


def _code_of(
    node: pipeline_pb2.PipelineNode, pipeline: pipeline_pb2.Pipeline, folder: Path
) -> Files:
    roots = roots_of(folder)
    files = _module_file(node, roots)
    for dotted in [*_functions(node), *_classes(pipeline, node.node_info.id)]:
        files |= modules.closure_of_name(dotted, roots)
    return files


def _module_file(node: pipeline_pb2.PipelineNode, roots: list[Path]) -> Files:
    """Replaces `module_file` by the name of a module of the package."""
    parameters = node.parameters.parameters
    if "module_file" not in parameters:
        return {}
    text = parameters.pop("module_file").field_value.string_value
    path = roots[0] / resolve_uri(text)
    modules.refuse_clash(path.stem, path)
    parameters["module_path"].field_value.string_value = path.stem
    return modules.closure_of_file(path, roots)


def _functions(node: pipeline_pb2.PipelineNode) -> Iterator[str]:
    """Functions that a component takes by name, as `preprocessing_fn="models.features.scale"`."""
    for value in node.parameters.parameters.values():
        if _DOTTED.fullmatch(value.field_value.string_value):
            yield value.field_value.string_value


def _classes(pipeline: pipeline_pb2.Pipeline, node_id: str) -> Iterator[str]:
    """The classes of a node's executor and driver."""
    deployment = pipeline_pb2.IntermediateDeploymentConfig()
    pipeline.deployment_config.Unpack(deployment)
    for specs in (deployment.executor_specs, deployment.custom_driver_specs):
        if node_id not in specs:
            continue
        python = executable_spec_pb2.PythonClassExecutableSpec()
        beam = executable_spec_pb2.BeamExecutableSpec()
        if specs[node_id].Unpack(python):
            yield python.class_path
        elif specs[node_id].Unpack(beam):
            yield beam.python_executor_spec.class_path


def _refuse_twins(taken: Files, files: Files) -> None:
    for relative in taken.keys() & files.keys():
        if taken[relative] != files[relative]:
            raise CompileError(
                f"Two modules are named '{relative}': {taken[relative]} and {files[relative]}. "
                "Only one of them could be imported; rename one."
            )
