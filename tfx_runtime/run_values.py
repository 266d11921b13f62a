"""Fills into a compiled pipeline what belongs to one run and one machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tfx.dsl.compiler import constants
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import range_config_pb2
from tfx.proto.orchestration import pipeline_pb2
from tfx.utils import proto_utils

from tfx_contract.compiled import CompiledPipeline
from tfx_contract.errors import InputError
from tfx_contract.node import NodeRequest
from tfx_contract.parameters import RunOption
from tfx_contract.spans import has_spans
from tfx_runtime import ir
from tfx_runtime.uris import resolve_uri

_RUN_ID = "pipeline-run-id"
_ROOT = tfx_pipeline.ROOT_PARAMETER.name
_SPAN = RunOption.SPAN.value
# TFX's ExampleGens take a range, SpanExampleGen a span and a window.
_RANGE, _WINDOW = "range_config", "window"


def fill_in(
    pipeline: pipeline_pb2.Pipeline, compiled: CompiledPipeline, request: NodeRequest
) -> None:
    """Puts parameters, span, run id, root and real paths in their places.

    Raises:
      InputError: a parameter is not allowed, a path leads nowhere, or the run names no span.
    """
    ir.bind(pipeline, compiled.parameters, request.parameters)
    ids = {_RUN_ID: request.run.mlmd_run_id, _ROOT: request.pipeline_root}
    span = {} if request.span is None else {_SPAN: request.span}
    ir.substitute(pipeline, {**ids, **span})
    for node in ir.nodes(pipeline):
        if node.node_info.id == request.node_id:
            _refuse_no_span(node, request)
        if request.span is not None and _reads_spans(node):
            _name_span(node, request.span)
        _resolve_uris(node)
        _narrow_inputs(node)
        # Whoever clears a node wants it to work again.
        if request.run.generation or not request.use_cache:
            node.execution_options.caching_options.enable_cache = False


def _narrow_inputs(node: pipeline_pb2.PipelineNode) -> None:
    """Has TFX look for inputs among the executions of a node, not of the whole pipeline too.

    A node's context names its pipeline. TFX reads every context of a channel entirely, which after
    a thousand runs takes a second for each channel.
    """
    for spec in node.inputs.inputs.values():
        for channel in spec.channels:
            queries = list(channel.context_queries)
            if any(query.type.name == constants.NODE_CONTEXT_TYPE_NAME for query in queries):
                del channel.context_queries[:]
                channel.context_queries.extend(
                    q for q in queries if q.type.name != constants.PIPELINE_CONTEXT_TYPE_NAME
                )


def _refuse_no_span(node: pipeline_pb2.PipelineNode, request: NodeRequest) -> None:
    parameters = node.parameters.parameters
    if _SPAN in parameters and parameters[_SPAN].WhichOneof("value") == "runtime_parameter":
        raise InputError(
            f"Node '{request.node_id}': run '{request.run.run_id}' names no span; "
            "give it the parameter 'span', a number or a date."
        )


def _reads_spans(node: pipeline_pb2.PipelineNode) -> bool:
    parameters = node.parameters.parameters
    config = ir.plain(parameters["input_config"]) if "input_config" in parameters else None
    return isinstance(config, str) and has_spans(config)


def _name_span(node: pipeline_pb2.PipelineNode, span: int) -> None:
    """Has an ExampleGen read this span, where TFX's own would take the newest that it finds."""
    parameters = node.parameters.parameters
    if _WINDOW in parameters:
        parameters[_SPAN].field_value.int_value = span
    elif _RANGE not in parameters:
        exactly = range_config_pb2.StaticRange(start_span_number=span, end_span_number=span)
        document = proto_utils.proto_to_json(range_config_pb2.RangeConfig(static_range=exactly))
        parameters[_RANGE].field_value.string_value = document


def _resolve_uris(node: pipeline_pb2.PipelineNode) -> None:
    for value in node.parameters.parameters.values():
        text = value.field_value.string_value
        if "://" in text:
            value.field_value.string_value = _resolved(text)


def _resolved(text: str) -> str:
    """The text, or a JSON document, with the URIs of ours in it resolved."""
    if text[0] not in "{[":
        return resolve_uri(text)
    try:
        document = json.loads(text)
    except ValueError:
        return text
    return json.dumps(_each_text(document, resolve_uri), sort_keys=True)


def _each_text(document: Any, change: Callable[[str], str]) -> Any:
    match document:
        case dict():
            return {key: _each_text(value, change) for key, value in document.items()}
        case list():
            return [_each_text(value, change) for value in document]
        case str():
            return change(document)
    return document
