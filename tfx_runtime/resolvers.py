"""Resolvers that find nothing, as one for Transform's cache does in the first run.

LocalDagRunner goes on after one: who takes what it finds as an optional input runs without it.
"""

from __future__ import annotations

from tfx.dsl.components.common.resolver import Resolver
from tfx.proto.orchestration import pipeline_pb2
from tfx.utils.name_utils import get_full_name

from tfx_components.earlier_checks import EarlierChecks
from tfx_components.live_baseline import LiveBaseline
from tfx_runtime import ir

_TYPE = get_full_name(Resolver)
# Of TFX's strategies, the first alone succeeds when there is nothing, and so do ours.
_ALWAYS_ANSWER = ("LatestBlessedModel", LiveBaseline.__name__, EarlierChecks.__name__)


def may_find_nothing(pipeline: pipeline_pb2.Pipeline, node_id: str) -> bool:
    """Whether a node is a Resolver, and whoever takes what it finds can do without."""
    node = ir.find_node(pipeline, node_id)
    takers = [spec for taker in ir.nodes(pipeline) for spec in _inputs_from(taker, node_id)]
    is_resolver = node.node_info.type.name == _TYPE and not _always_answers(node)
    return is_resolver and not any(spec.min_count for spec in takers)


def looks_outside_of_mlmd(pipeline: pipeline_pb2.Pipeline, node_id: str) -> bool:
    """Whether what a node found in an earlier run may be wrong by now, though MLMD is the same."""
    return LiveBaseline.__name__ in _strategies(ir.find_node(pipeline, node_id))


def _always_answers(node: pipeline_pb2.PipelineNode) -> bool:
    return all(name.startswith(_ALWAYS_ANSWER) for name in _strategies(node))


def _strategies(node: pipeline_pb2.PipelineNode) -> list[str]:
    steps = [op for graph in node.inputs.input_graphs.values() for op in graph.nodes.values()]
    return [op.op_node.op_type.rpartition(".")[2] for op in steps if op.HasField("op_node")]


def _inputs_from(node: pipeline_pb2.PipelineNode, producer: str) -> list[pipeline_pb2.InputSpec]:
    return [
        spec
        for spec in node.inputs.inputs.values()
        if any(channel.producer_node_query.id == producer for channel in spec.channels)
    ]
