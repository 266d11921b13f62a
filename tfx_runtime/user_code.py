"""The model's own Python code: taken into the package, and made known to the nodes that use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from tfx_contract.errors import CompileError
from tfx_contract.sources import SHARED_FOLDER
from tfx_runtime import ir, modules
from tfx_runtime.code_slice import slice_of
from tfx_runtime.modules import Files
from tfx_runtime.package import MODULES, Draft
from tfx_runtime.uris import resolve_uri

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def roots_of(folder: Path) -> list[Path]:
    """Where a model's own modules are: its folder, and what models share."""
    return [folder, folder.parent / SHARED_FOLDER]


@dataclass
class _Code:
    """The modules of a node: all that it imports, and what of it decides over its cache key."""

    files: Files = field(default_factory=dict)
    decisive: Files = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)

    def add(self, files: Files) -> None:
        self.files |= files
        self.decisive |= files

    def add_part(self, files: Files, decisive: Files, module: str, part: str) -> None:
        self.files |= files
        self.decisive |= decisive
        self.parts[module] = f"{self.parts.get(module, '')}\n{part}"

    def digest(self) -> str:
        return modules.digest(self.decisive, self.parts)


def take_code(pipeline: pipeline_pb2.Pipeline, folder: Path, draft: Draft) -> Files:
    """Takes every module of the model that a node uses into the package.

    TFX's cache key knows code by its name only, so the digest of all files behind it becomes a
    parameter of the node: an edit runs again what uses the file, and nothing else.

    Raises:
      CompileError: a module is missing, broken, or named as another one is.
    """
    taken: Files = {}
    for node in ir.nodes(pipeline):
        code = _code_of(node, pipeline, roots_of(folder))
        if code.files:
            value = node.parameters.parameters["module_digest"].field_value
            value.string_value = code.digest()
            _refuse_twins(taken, code.files)
            taken |= code.files
    draft.add_modules(taken)
    return taken


def _code_of(
    node: pipeline_pb2.PipelineNode, pipeline: pipeline_pb2.Pipeline, roots: list[Path]
) -> _Code:
    code = _Code()
    code.add(_module_file(node, roots))
    for dotted in _functions(node):
        code.add(modules.closure_of_name(dotted, roots))
    for dotted in _classes(pipeline, node.node_info.id):
        _add_class(code, dotted, roots)
    return code


def _add_class(code: _Code, dotted: str, roots: list[Path]) -> None:
    """A file often holds several components: only what one needs decides over its key."""
    module = modules.find(dotted, roots)
    if module is None:
        return
    files = modules.closure_of_name(dotted, roots)
    # TFX makes the executor of a function component, under this name, as the module is imported.
    names = {module.inside, module.inside.removesuffix("_Executor")}
    part = slice_of(module.path.read_bytes(), names)
    code.add_part(files, modules.closure_of_source(part, module, roots), module.relative, part)


def _module_file(node: pipeline_pb2.PipelineNode, roots: list[Path]) -> Files:
    """Replaces `module_file` by a module of the package."""
    parameters = node.parameters.parameters
    text = ir.plain(parameters["module_file"]) if "module_file" in parameters else None
    if not text:
        return {}
    path = roots[0] / resolve_uri(text)
    files = modules.closure_of_file(path, roots)
    modules.refuse_clash(path.stem, path)
    parameters["module_path"].field_value.string_value = path.stem
    if _knows_module_path(node.node_info.type.name):
        del parameters["module_file"]
    else:
        parameters["module_file"].field_value.string_value = f"{MODULES}/{path.name}"
    return files


def _knows_module_path(type_name: str) -> bool:
    return type_name.startswith("tfx.components.") and ".experimental." not in type_name


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
