"""What MLMD holds of a pipeline's runs, read through what is few: a run's or a node's executions.

TFX asks for the executions of the whole pipeline, which after a year are tens of thousands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import constants
from tfx.orchestration.portable.mlmd import context_lib, execution_lib
from tfx.proto.orchestration import pipeline_pb2

from tfx_runtime.metadata import FencedMetadata


@dataclass(frozen=True)
class PastRun:
    """What MLMD holds of one pipeline in one of its runs."""

    context: metadata_store_pb2.Context
    executions: dict[str, metadata_store_pb2.Execution]

    def published(self) -> dict[str, metadata_store_pb2.Execution]:
        """The successful executions by node; cached ones are among them."""
        done = execution_lib.is_execution_successful
        return {node: e for node, e in self.executions.items() if done(e)}


def published_by(
    handle: FencedMetadata, node: pipeline_pb2.PipelineNode
) -> list[metadata_store_pb2.Execution]:
    """The successful executions of a node in all runs, the newest first."""
    kind = constants.NODE_CONTEXT_TYPE_NAME
    context = handle.store.get_context_by_type_and_name(kind, context_name(node, kind))
    executions = handle.store.get_executions_by_context(context.id) if context else []
    done = [e for e in executions if execution_lib.is_execution_successful(e)]
    return sorted(done, key=lambda e: (e.create_time_since_epoch, e.id), reverse=True)


def read(
    handle: FencedMetadata,
    context: metadata_store_pb2.Context,
    nodes: Iterable[pipeline_pb2.PipelineNode],
) -> PastRun:
    """What a run holds of these nodes: of each its published execution, otherwise its newest.

    The run's executions are few; those of the pipeline, which TFX would read, are a year's.
    """
    kind = constants.NODE_CONTEXT_TYPE_NAME
    node_of = {context_name(node, kind): node.node_info.id for node in nodes}
    found = {}
    executions = handle.store.get_executions_by_context(context.id)
    done = execution_lib.is_execution_successful
    for execution in sorted(executions, key=lambda e: (done(e), e.id)):
        context_of_node = context_of(handle, execution, kind)
        # Nodes of another pipeline may be among them: its run can have the same id.
        if context_of_node and context_of_node.name in node_of:
            found[node_of[context_of_node.name]] = execution
    return PastRun(context, found)


def run_of(handle: FencedMetadata, node: pipeline_pb2.PipelineNode) -> metadata_store_pb2.Context:
    """The context of the MLMD run that a node of the bound IR belongs to; made if needed."""
    context_lib.prepare_contexts(handle, node.contexts)
    return run_context(handle, context_name(node, constants.PIPELINE_RUN_CONTEXT_TYPE_NAME))


def run_context(handle: FencedMetadata, run_id: str) -> metadata_store_pb2.Context | None:
    """The context of an MLMD run; None when nothing of it ever started."""
    kind = constants.PIPELINE_RUN_CONTEXT_TYPE_NAME
    return handle.store.get_context_by_type_and_name(kind, run_id)


def context_of(
    handle: FencedMetadata, execution: metadata_store_pb2.Execution, kind: str
) -> metadata_store_pb2.Context | None:
    """The pipeline, the run or the node of an execution."""
    contexts = handle.store.get_contexts_by_execution(execution.id)
    return next((c for c in contexts if c.type == kind), None)


def context_name(node: pipeline_pb2.PipelineNode, kind: str) -> str:
    """What the IR calls a node's pipeline, run or node in MLMD."""
    names = (c.name for c in node.contexts.contexts if c.type.name == kind)
    return str(next(names).field_value.string_value)
