"""Resolvers that find nothing, as one for Transform's cache does in the first run.

LocalDagRunner goes on after one: who takes what it finds as an optional input runs without it.
"""

from __future__ import annotations

from tfx.dsl.components.common.resolver import Resolver
from tfx.proto.orchestration import pipeline_pb2
from tfx.utils.name_utils import get_full_name

from tfx_runtime import ir

_TYPE = get_full_name(Resolver)
# Of TFX's strategies, this one alone succeeds when there is nothing.
_ALWAYS_ANSWERS = "LatestBlessedModel"


def may_find_nothing(pipeline: pipeline_pb2.Pipeline, node_id: str) -> bool:
    """Whether a node is a Resolver, and whoever takes what it finds can do without."""
    node = ir.find_node(pipeline, node_id)
    takers = [spec for taker in ir.nodes(pipeline) for spec in _inputs_from(taker, node_id)]
    is_resolver = node.node_info.type.name == _TYPE and not _always_answers(node)
    return is_resolver and not any(spec.min_count for spec in takers)


def _always_answers(node: pipeline_pb2.PipelineNode) -> bool:
    steps = [op for graph in node.inputs.input_graphs.values() for op in graph.nodes.values()]
    names = [op.op_node.op_type.rpartition(".")[2] for op in steps if op.HasField("op_node")]
    return all(name.startswith(_ALWAYS_ANSWERS) for name in names)


def _inputs_from(node: pipeline_pb2.PipelineNode, producer: str) -> list[pipeline_pb2.InputSpec]:
    return [
        spec
        for spec in node.inputs.inputs.values()
        if any(channel.producer_node_query.id == producer for channel in spec.channels)
    ]
