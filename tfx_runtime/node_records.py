"""Neutral records of a pipeline's nodes, and what cannot run here, refused with a sentence."""

from __future__ import annotations

from tfx.proto.orchestration import pipeline_pb2

from tfx_contract.compiled import NodeRecord, Waits
from tfx_contract.errors import CompileError
from tfx_contract.model_spec import ModelSpec, StandardModelSpec
from tfx_contract.parameters import RunOption
from tfx_contract.training_spec import TuneWhen
from tfx_runtime import ir
from tfx_runtime.resolvers import may_find_nothing
from tfx_runtime.unsupported import refuse_containers, refuse_options

_OPTIONS = pipeline_pb2.NodeExecutionOptions
_WAITS = {
    _OPTIONS.TRIGGER_STRATEGY_UNSPECIFIED: Waits.SUCCESS,
    _OPTIONS.ALL_UPSTREAM_NODES_SUCCEEDED: Waits.SUCCESS,
    _OPTIONS.LAZILY_ALL_UPSTREAM_NODES_SUCCEEDED: Waits.SUCCESS,
    _OPTIONS.ALL_UPSTREAM_NODES_COMPLETED: Waits.END,
    _OPTIONS.LAZILY_ALL_UPSTREAM_NODES_COMPLETED: Waits.END,
}


def node_records(pipeline: pipeline_pb2.Pipeline, spec: ModelSpec) -> list[NodeRecord]:
    """The nodes in topological order.

    Raises:
      CompileError: the pipeline needs something that Airflow tasks cannot give.
    """
    if pipeline.execution_mode == pipeline_pb2.Pipeline.ASYNC:
        raise CompileError(
            f"Pipeline '{pipeline.pipeline_info.id}' is asynchronous: its nodes run for ever. "
            "An Airflow run ends; use ExecutionMode.SYNC and a schedule."
        )
    refuse_containers(pipeline)
    records: dict[str, NodeRecord] = {}
    for node in ir.nodes(pipeline):
        refuse_options(node)
        record = _record(node, spec, records)
        if any(may_find_nothing(pipeline, name) for name in record.upstream):
            record = record.model_copy(update={"waits_for": _without(record.waits_for)})
        records[record.id] = record
    return list(records.values())


def _record(
    node: pipeline_pb2.PipelineNode, spec: ModelSpec, before: dict[str, NodeRecord]
) -> NodeRecord:
    kind = node.node_info.type.name.rpartition(".")[2]
    upstream = sorted(node.upstream_nodes)
    return NodeRecord(
        id=node.node_info.id,
        type=kind,
        upstream=upstream,
        parameters={
            key: ir.plain(value) for key, value in sorted(node.parameters.parameters.items())
        },
        runs_if=_condition(kind, spec),
        waits_for=_waits(node, kind, [before[name] for name in upstream]),
    )


def _condition(kind: str, spec: ModelSpec) -> RunOption | None:
    if kind.endswith("Pusher"):
        return RunOption.PUSH
    tuning = spec.tuning if isinstance(spec, StandardModelSpec) else None
    if kind == "Tuner" and tuning and tuning.when is TuneWhen.ASKED:
        return RunOption.TUNE
    return None


def _waits(node: pipeline_pb2.PipelineNode, kind: str, upstream: list[NodeRecord]) -> Waits:
    strategy = node.execution_options.strategy
    if strategy not in _WAITS:
        raise CompileError(
            f"Node '{node.node_info.id}' has the trigger strategy "
            f"{_OPTIONS.TriggerStrategy.Name(strategy)}, which Airflow has no trigger rule for; "
            f"allowed: {', '.join(map(_OPTIONS.TriggerStrategy.Name, _WAITS))}."
        )
    # What a Resolver finds may come from earlier runs: it need not wait for who did not run.
    if kind == "Resolver" and any(record.runs_if for record in upstream):
        return Waits.NO_FAILURE
    return _WAITS[strategy]


def _without(waits: Waits) -> Waits:
    """A Resolver that found nothing is a skipped task, which is as good as a successful one."""
    return Waits.NO_FAILURE if waits is Waits.SUCCESS else waits
