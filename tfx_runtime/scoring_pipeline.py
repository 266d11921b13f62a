"""Builds the pipeline that scores new rows with a pushed version: `scoring` of `model.yaml`."""

from __future__ import annotations

from tfx.components import BulkInferrer
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import bulk_inferrer_pb2

from tfx_components.score_writer.component import ScoreWriter
from tfx_components.typed_rows.component import TypedRows
from tfx_components.version_importer.component import VersionImporter
from tfx_contract.compiled import SCORE, dag_id
from tfx_contract.data_spec import Scoring
from tfx_contract.model_spec import StandardModelSpec
from tfx_runtime.input_rows import example_gen

_ONE_SPLIT = {"rows": 1}


def create_pipeline(
    spec: StandardModelSpec, scoring: Scoring, model: str, pipeline_root: str | None = None
) -> tfx_pipeline.Pipeline:
    """The scoring pipeline of a model; it needs nothing of the model's folder, only a version.

    Args:
      spec: What its `model.yaml` says.
      scoring: What it says of this.
      model: The model's name.
      pipeline_root: Left out, it is TFX's runtime parameter, and the IR the same on any machine.
    """
    return tfx_pipeline.Pipeline(
        pipeline_name=dag_id(model, SCORE),
        pipeline_root=pipeline_root or str(tfx_pipeline.ROOT_PARAMETER),
        components=_components(scoring),
        enable_cache=True,
        beam_pipeline_args=list(spec.execution.beam_args),
    )


def _components(scoring: Scoring) -> list[BaseNode]:
    examples = example_gen(scoring, _ONE_SPLIT)
    version = VersionImporter(signature=scoring.signature)
    typed = TypedRows(examples=examples.outputs["examples"], schema=version.outputs["schema"])
    inferrer = BulkInferrer(
        examples=typed.outputs["typed_examples"],
        model=version.outputs["model"],
        model_spec=bulk_inferrer_pb2.ModelSpec(model_signature_name=[scoring.signature]),
    )
    writer = ScoreWriter(
        inference_result=inferrer.outputs["inference_result"],
        model=version.outputs["model"],
        examples=examples.outputs["examples"],
        output=scoring.output,
        data_uri=scoring.uri,
        signature=scoring.signature,
    )
    return [examples, version, typed, inferrer, writer]
