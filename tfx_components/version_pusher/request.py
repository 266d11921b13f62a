"""The request that the node runner was started with, when there is one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tfx_contract.compiled import Package, load_package
from tfx_contract.manifest import MANIFEST_FILE, VersionManifest
from tfx_contract.node import NodeRequest, Run

if TYPE_CHECKING:
    from tfx.dsl.components.base.base_executor import BaseExecutor

REQUEST_VARIABLE = "TFX_AIRFLOW_REQUEST"


@dataclass(frozen=True)
class RunContext:
    """What a manifest says about the run, and where its versions go."""

    model: str
    versions: Path
    run: Run
    request: NodeRequest | None = None
    package: Package | None = None

    def manifest(self, version: int) -> VersionManifest:
        """That of one of the model's versions."""
        return VersionManifest.read(self.versions / str(version) / MANIFEST_FILE)


def run_context(pipeline: str, run_id: str, output_uri: str, node: str) -> RunContext:
    """From the node request; without one (TFX's own runners) from what TFX tells an executor."""
    if request := node_request():
        package = load_package(Path(request.package))
        return RunContext(request.model, Path(request.versions), request.run, request, package)
    root = output_uri.rpartition(f"/{node}/")[0] or os.path.dirname(output_uri)
    return RunContext(pipeline, versions_in(root), Run(dag_id=pipeline, run_id=run_id))


def context_of(executor: BaseExecutor.Context, output_uri: str) -> RunContext:
    """The run that an executor works for.

    Args:
      executor: What TFX tells it.
      output_uri: Of any of its outputs.
    """
    node = executor.pipeline_node.node_info.id
    return run_context(executor.pipeline_info.id, executor.pipeline_run_id, output_uri, node)


def node_request() -> NodeRequest | None:
    """What the node runner was asked for; None under TFX's own runners."""
    path = os.environ.get(REQUEST_VARIABLE)
    return NodeRequest.read(path) if path else None


def versions_in(pipeline_root: str) -> Path:
    """The folder of versions under TFX's own runners, which know of no other place."""
    return Path(pipeline_root) / "versions"
