"""Runs one node of a compiled pipeline in this process."""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from pathlib import Path

from tfx import types
from tfx.proto.orchestration import pipeline_pb2

from tfx_contract.compiled import Package, load_package
from tfx_contract.errors import InputError, NodeFailed, TfxAirflowError
from tfx_contract.node import Failure, NodeRequest, NodeResult, NodeState
from tfx_runtime import ir, package, reuse
from tfx_runtime.launch import FencedLauncher
from tfx_runtime.metadata import FencedMetadata, connection_config
from tfx_runtime.published import Published
from tfx_runtime.quiet_runners import keep_quiet
from tfx_runtime.resolvers import looks_outside_of_mlmd, may_find_nothing
from tfx_runtime.run_values import fill_in
from tfx_runtime.summaries import summarize

_log = logging.getLogger(__name__)


def execute(request: NodeRequest) -> NodeResult:
    """Runs the node and says what MLMD holds afterwards; never raises for a node that failed."""
    started = time.monotonic()
    try:
        result = _execute(request)
    except Exception as error:
        _log.error("%s: %s", request.node_id, error)
        result = NodeResult(
            node_id=request.node_id, state=NodeState.FAILED, failure=_failure(error)
        )
    return result.model_copy(update={"seconds": round(time.monotonic() - started, 3)})


def _execute(request: NodeRequest) -> NodeResult:
    folder = Path(request.package)
    compiled = load_package(folder)
    package.verify(folder)
    enter(folder)
    pipeline = pipeline_of_run(folder, compiled, request)
    node = ir.find_node(pipeline, request.node_id)
    connection = FencedMetadata(connection_config(request.metadata))
    published = Published(connection, node)
    if not published.state.is_published:
        published = _publish(pipeline, node, connection, request)
    if request.reuse is None:
        reuse.refuse_taken_over(published.execution, request.node_id)
    return _result(request.node_id, node, published)


def _publish(
    pipeline: pipeline_pb2.Pipeline,
    node: pipeline_pb2.PipelineNode,
    connection: FencedMetadata,
    request: NodeRequest,
) -> Published:
    is_settled = not looks_outside_of_mlmd(pipeline, request.node_id)
    if request.reuse is not None and is_settled:
        reuse.reuse_outputs(connection, pipeline, request.node_id, request.reuse, request.run)
        return Published(connection, node)
    if request.run.generation:
        reuse.inherit_ancestors(connection, pipeline, request.node_id, request.run)
    return _launch(pipeline, node, connection, request.token)


def enter(folder: Path) -> None:
    """Relative paths in the IR start at the package; its modules come before all others."""
    os.chdir(folder)
    sys.path.insert(0, str(folder / package.MODULES))
    # TFX hands the arguments of the process on to Beam.
    sys.argv = sys.argv[:1]
    # The component may be in a `pipeline.py` that runs itself as it is imported.
    keep_quiet()


def pipeline_of_run(folder: Path, compiled: Package, request: NodeRequest) -> pipeline_pb2.Pipeline:
    """The IR of a package with everything filled in that belongs to one run."""
    pipeline = ir.load(folder, request.pipeline)
    fill_in(pipeline, compiled.pipelines[request.pipeline], request)
    return pipeline


def _launch(
    pipeline: pipeline_pb2.Pipeline,
    node: pipeline_pb2.PipelineNode,
    connection: FencedMetadata,
    token: str,
) -> Published:
    launcher = FencedLauncher(pipeline, node, connection, token)
    launcher.launch()
    published = Published(connection, node)
    if published.state is NodeState.FAILED and may_find_nothing(pipeline, node.node_info.id):
        published.execution = None
    if published.state is NodeState.FAILED:
        raise NodeFailed(launcher.failure_message or "MLMD holds this execution as failed.")
    return published


def _result(node_id: str, node: pipeline_pb2.PipelineNode, published: Published) -> NodeResult:
    return NodeResult(
        node_id=node_id,
        state=published.state,
        execution_id=published.execution.id if published.execution else None,
        outputs=published.records(),
        summary=_summary(node.node_info.type.name, published.outputs),
    )


def _summary(type_name: str, outputs: dict[str, list[types.Artifact]]) -> dict[str, object]:
    """Facts for people; a summary that cannot be made never fails a node that was published."""
    try:
        return summarize(type_name.rpartition(".")[2], outputs)
    except Exception:
        _log.exception("No summary for a node of type %s", type_name)
        return {}


def _failure(error: Exception) -> Failure:
    return Failure(
        kind=type(error).__name__,
        message=str(error) or type(error).__name__,
        retryable=not isinstance(error, InputError),
        trace="" if isinstance(error, TfxAirflowError) else traceback.format_exc(),
    )
