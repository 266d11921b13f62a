"""Builds the pipeline that checks a window of logged requests: `drift` of `model.yaml`."""

from __future__ import annotations

import json

from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.types.channel import Channel

from tfx_components import artifacts
from tfx_components.drift_detector.component import DriftDetector
from tfx_components.earlier_checks import EarlierChecks
from tfx_components.labelled_requests.component import LabelledRequests
from tfx_components.newer_data import Labelled
from tfx_components.request_statistics.component import RequestStatistics
from tfx_contract.compiled import DRIFT, dag_id
from tfx_contract.drift_spec import Drift
from tfx_contract.model_spec import StandardModelSpec
from tfx_contract.parameters import ParameterSpec, ParameterType
from tfx_contract.serving_spec import Serving

_REFERENCE = "Reference"
_COUNTER = "RequestStatistics"

# What the DAG's first task finds out; a form has no use for them.
PARAMETERS = {
    "version": ParameterSpec(type=ParameterType.INT, bind=[f"{_COUNTER}.version"]),
    "since": ParameterSpec(type=ParameterType.STR, bind=[f"{_COUNTER}.since"]),
    "until": ParameterSpec(type=ParameterType.STR, bind=[f"{_COUNTER}.until"]),
    "reference": ParameterSpec(type=ParameterType.STR, bind=[f"{_REFERENCE}.artifact_uri"]),
}


def create_pipeline(
    spec: StandardModelSpec,
    drift: Drift,
    serving: Serving,
    model: str,
    pipeline_root: str | None = None,
) -> tfx_pipeline.Pipeline:
    """The drift pipeline of a model; its window is filled in by each run.

    Args:
      spec: What its `model.yaml` says.
      drift: What it says of this.
      serving: What it says of the log.
      model: The model's name.
      pipeline_root: Left out, it is TFX's runtime parameter, and the IR the same on any machine.
    """
    return tfx_pipeline.Pipeline(
        pipeline_name=dag_id(model, DRIFT),
        pipeline_root=pipeline_root or str(tfx_pipeline.ROOT_PARAMETER),
        components=_components(spec, drift, serving),
        enable_cache=True,
        beam_pipeline_args=list(spec.execution.beam_args),
    )


def _components(spec: StandardModelSpec, drift: Drift, serving: Serving) -> list[BaseNode]:
    # One artifact in MLMD for each version, however often it is compared with.
    reference = Importer(source_uri="", artifact_type=artifacts.ServingReference)
    earlier = Resolver(
        strategy_class=EarlierChecks,
        statistics=Channel(type=artifacts.RequestStatistics),
        reports=Channel(type=artifacts.DriftReport),
    )
    requests = RequestStatistics(
        reference=reference.outputs["result"],
        signature=spec.evaluation.signature,
        beam_above_rows=drift.beam_above_rows,
    )
    detector = DriftDetector(
        statistics=requests.outputs["statistics"],
        reference=reference.outputs["result"],
        previous=earlier.outputs["statistics"],
        earlier=earlier.outputs["reports"],
        drift=drift.model_dump_json(),
        log=serving.log.model_dump_json(),
        metrics=_metrics(spec),
        label=spec.evaluation.label,
        data=_labelled_data(spec).model_dump_json(),
    )
    nodes: list[BaseNode] = [
        reference.with_id(_REFERENCE),
        earlier.with_id("EarlierChecks"),
        requests.with_id(_COUNTER),
        detector,
    ]
    if drift.learn_from_log:
        labelled = LabelledRequests(
            statistics=requests.outputs["statistics"],
            reference=reference.outputs["result"],
            signature=spec.evaluation.signature,
            data=spec.data,
        )
        # What it writes is data that a retraining could learn from.
        detector.add_upstream_node(labelled)
        nodes.append(labelled)
    return nodes


def _metrics(spec: StandardModelSpec) -> str:
    metrics = spec.evaluation.metrics.items()
    return json.dumps({name: limit.model_dump() for name, limit in metrics})


def _labelled_data(spec: StandardModelSpec) -> Labelled:
    return Labelled(uri=spec.data.uri, pattern=spec.data.files, window=spec.spans.window)
