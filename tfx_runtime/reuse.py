"""Takes over what earlier runs published, so that the nodes after it find it in their own MLMD run.

TFX resolves a node's inputs within one MLMD run. A rerun is an MLMD run of its own, so what is not
run again is published in it once more: a CACHED execution with the artifacts of the earlier one,
as TFX's partial runs do. Here it is one write under a name that only one execution can have: there
is no moment between registration and publication at which a kill would leave half of it, and tries
that meet, on whichever database, publish once.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from ml_metadata import errors
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import constants
from tfx.orchestration.portable.mlmd import common_utils, context_lib, event_lib, execution_lib
from tfx.proto.orchestration import pipeline_pb2

from tfx_contract.errors import InputError
from tfx_contract.node import Run
from tfx_runtime import ir, past_runs
from tfx_runtime.metadata import FencedMetadata
from tfx_runtime.past_runs import PastRun

# On a taken over execution: the MLMD run that it was taken from.
SOURCE_PROPERTY = "taken_over_from"
# A context of this type says which run a run takes its artifacts from. It is no property of the
# run's own context, because pipelines of one schedule share run ids, and with them that context.
BASE_TYPE = "tfx_airflow_base_run"
_BASE_PROPERTY = "base_run_context"

_log = logging.getLogger(__name__)


def inherit_ancestors(
    connection: FencedMetadata, pipeline: pipeline_pb2.Pipeline, node_id: str, run: Run
) -> None:
    """Brings all that a cleared node depends on, and that was not cleared, into its MLMD run.

    Each ancestor comes from the newest earlier generation that published it; what never was
    published, because a condition said so, is left out. An ancestor that was started in this
    generation is its own affair: whatever became of it, nothing older takes its place.
    """
    nodes = _ancestors(pipeline, node_id)
    with connection as handle:
        own = past_runs.run_of(handle, ir.find_node(pipeline, node_id))
        missing = nodes.keys() - past_runs.read(handle, own, nodes.values()).executions.keys()
        for run_id in run.earlier_mlmd_run_ids():
            context = past_runs.run_context(handle, run_id) if missing else None
            if context is not None:
                past = past_runs.read(handle, context, [nodes[name] for name in missing])
                _take_over(handle, nodes, past, own)
                missing -= past.published().keys()


def reuse_outputs(
    connection: FencedMetadata,
    pipeline: pipeline_pb2.Pipeline,
    node_id: str,
    reused: Collection[str],
    run: Run,
) -> None:
    """Publishes in this run what the node published in the run's base.

    The base is the newest run of this pipeline in which all `reused` nodes were published. The
    first node that asks settles it for the whole run.

    Raises:
      InputError: there is no such run.
    """
    nodes = {name: ir.find_node(pipeline, name) for name in {node_id, *reused}}
    nodes = {n.node_info.id: n for n in ir.nodes(pipeline) if n.node_info.id in nodes}
    with connection as handle:
        own = past_runs.run_of(handle, nodes[node_id])
        base = _base_run(handle, nodes, run)
        past = past_runs.read(handle, base, [nodes[node_id]])
        if node_id not in past.published():
            raise InputError(
                f"Node '{node_id}': run '{base.name}', which this run takes its artifacts from, "
                "did not publish it. Start a new run; without from_node if this one repeats."
            )
        _take_over(handle, nodes, past, own)


def refuse_taken_over(execution: metadata_store_pb2.Execution | None, node_id: str) -> None:
    """Stops a node whose place in its MLMD run was filled before it could run.

    It happens when a node was cleared together with one further down but none in between, so that
    the other started first. Returning the old outputs would hide that nothing ran, and publishing
    others would give the nodes after it two versions of one input.

    Raises:
      InputError: the execution was taken over from an earlier run.
    """
    if execution is not None and SOURCE_PROPERTY in execution.custom_properties:
        source = execution.custom_properties[SOURCE_PROPERTY].string_value
        raise InputError(
            f"Node '{node_id}': a node after it was cleared too and started first, with the "
            f"outputs of run '{source}', so new ones would contradict it. Clear '{node_id}' again, "
            "together with everything downstream of it."
        )


def _ancestors(
    pipeline: pipeline_pb2.Pipeline, node_id: str
) -> dict[str, pipeline_pb2.PipelineNode]:
    by_id = {node.node_info.id: node for node in ir.nodes(pipeline)}
    found: dict[str, pipeline_pb2.PipelineNode] = {}
    waiting = list(by_id[node_id].upstream_nodes)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = by_id[name]
            waiting.extend(by_id[name].upstream_nodes)
    return found


def _take_over(
    handle: FencedMetadata,
    nodes: dict[str, pipeline_pb2.PipelineNode],
    past: PastRun,
    own: metadata_store_pb2.Context,
) -> None:
    """Publishes in run `own` what a past run published."""
    parents = {c.id for c in handle.store.get_parent_contexts_by_context(own.id)}
    if past.published() and past.context.id not in parents:
        # Before the executions, so that none is ever there without it.
        context_lib.put_parent_context_if_not_exists(
            handle, parent_id=past.context.id, child_id=own.id
        )
    for name, execution in past.published().items():
        _publish(handle, nodes[name], execution, past.context.name, own.name)
        source = f"MLMD execution {execution.id} of run '{past.context.name}'"
        _log.info("%s does not run: its outputs are those of %s.", name, source)


def _publish(
    handle: FencedMetadata,
    node: pipeline_pb2.PipelineNode,
    earlier: metadata_store_pb2.Execution,
    source: str,
    run_id: str,
) -> None:
    execution = metadata_store_pb2.Execution(
        type_id=earlier.type_id,
        name=f"{past_runs.context_name(node, constants.NODE_CONTEXT_TYPE_NAME)} in {run_id}",
        last_known_state=metadata_store_pb2.Execution.CACHED,
    )
    execution.custom_properties[SOURCE_PROPERTY].string_value = source
    # Without a lock around all of this, on other databases than SQLite, another try may be first.
    with suppress(errors.AlreadyExistsError):
        execution_lib.put_execution(
            handle,
            execution,
            context_lib.prepare_contexts(handle, node.contexts),
            output_artifacts=execution_lib.get_output_artifacts(handle, earlier.id),
            output_event_type=_output_event_type(handle, earlier.id),
        )


def _output_event_type(handle: FencedMetadata, execution_id: int) -> Any:
    """A Resolver's outputs are INTERNAL_OUTPUT: it is not the one who made them."""
    events = handle.store.get_events_by_execution_ids([execution_id])
    kinds = (event.type for event in events if event_lib.is_valid_output_event(event))
    return next(kinds, metadata_store_pb2.Event.OUTPUT)


def _base_run(
    handle: FencedMetadata, nodes: dict[str, pipeline_pb2.PipelineNode], run: Run
) -> metadata_store_pb2.Context:
    """The MLMD run that this Airflow run takes artifacts from, settled once for all generations."""
    kind = constants.PIPELINE_CONTEXT_TYPE_NAME
    pipeline = past_runs.context_name(next(iter(nodes.values())), kind)
    name = f"{pipeline}.{run.run_id}"
    if (settled := handle.store.get_context_by_type_and_name(BASE_TYPE, name)) is None:
        newest = _newest_complete(handle, nodes, run)
        base_type = metadata_store_pb2.ContextType(name=BASE_TYPE)
        type_id = common_utils.register_type_if_not_exist(handle, base_type).id
        settled = metadata_store_pb2.Context(type_id=type_id, name=name)
        settled.custom_properties[_BASE_PROPERTY].int_value = newest.id
        with suppress(errors.AlreadyExistsError):
            handle.store.put_contexts([settled])
        settled = handle.store.get_context_by_type_and_name(BASE_TYPE, name)
    [base] = handle.store.get_contexts_by_id([settled.custom_properties[_BASE_PROPERTY].int_value])
    return base


def _newest_complete(
    handle: FencedMetadata, nodes: dict[str, pipeline_pb2.PipelineNode], run: Run
) -> metadata_store_pb2.Context:
    """Goes back in time through the executions of one node, and looks at the run of each.

    Of the last node, in topological order: runs that failed half way hold none of it.
    """
    newest: metadata_store_pb2.Context | None = None
    own_runs = re.compile(re.escape(run.run_id) + r"(~\d+)?")
    for execution in past_runs.published_by(handle, next(reversed(nodes.values()))):
        # A run is older than its executions: what follows belongs to runs that are older still.
        if newest and execution.create_time_since_epoch < newest.create_time_since_epoch:
            break
        context = past_runs.context_of(handle, execution, constants.PIPELINE_RUN_CONTEXT_TYPE_NAME)
        if context is None or own_runs.fullmatch(context.name):
            continue
        if (newest is None or context.id > newest.id) and _is_complete(handle, context, nodes):
            newest = context
    if newest is None:
        raise InputError(_nothing_to_reuse(handle, nodes))
    return newest


def _is_complete(
    handle: FencedMetadata,
    context: metadata_store_pb2.Context,
    nodes: dict[str, pipeline_pb2.PipelineNode],
) -> bool:
    return nodes.keys() <= past_runs.read(handle, context, nodes.values()).published().keys()


def _nothing_to_reuse(handle: FencedMetadata, nodes: dict[str, pipeline_pb2.PipelineNode]) -> str:
    never = [name for name in sorted(nodes) if not past_runs.published_by(handle, nodes[name])]
    found = f"{', '.join(never)} never completed" if never else "each completed in another run"
    return (
        f"from_node: no earlier run of this pipeline completed {', '.join(sorted(nodes))} together "
        f"({found}), so there is nothing to take over. Run without from_node first."
    )
