"""What ScoreWriter takes and gives."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.artifact import Artifact, Property, PropertyType
from tfx.types.channel import BaseChannel, Channel

from tfx_components import uncached
from tfx_components.score_writer import executor


class Scores(Artifact):
    """A copy of `scored.json`; the rows themselves lie at `path`."""

    TYPE_NAME = "Scores"
    PROPERTIES = {
        "path": Property(type=PropertyType.STRING),
        "version": Property(type=PropertyType.INT),
        "rows": Property(type=PropertyType.INT),
        "rows_not_finite": Property(type=PropertyType.INT),
    }


class ScoreWriterSpec(component_spec.ComponentSpec):
    """ScoreWriter's interface."""

    PARAMETERS = {
        "output": component_spec.ExecutionParameter(type=str),
        "data_uri": component_spec.ExecutionParameter(type=str),
        "signature": component_spec.ExecutionParameter(type=str),
        # Each run writes a folder of its own, even when all it writes is cached.
        **uncached.RUN_PARAMETER,
    }
    INPUTS = {
        "inference_result": component_spec.ChannelParameter(
            type=standard_artifacts.InferenceResult
        ),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {"scores": component_spec.ChannelParameter(type=Scores)}


class ScoreWriter(base_component.BaseComponent):
    """Writes `<output>/<run>/` with scored rows and a record of their origin, whole or not at all.

    Args:
      inference_result: What BulkInferrer gave.
      model: The version that gave it, as VersionImporter imports it.
      examples: The rows that were scored.
      output: Folder of all runs.
      data_uri: Where the rows came from.
      signature: The signature that scored.
    """

    SPEC_CLASS = ScoreWriterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = uncached.Driver

    def __init__(
        self,
        inference_result: BaseChannel,
        model: BaseChannel,
        examples: BaseChannel,
        output: str,
        data_uri: str,
        signature: str,
    ) -> None:
        super().__init__(
            ScoreWriterSpec(
                inference_result=inference_result,
                model=model,
                examples=examples,
                output=output,
                data_uri=data_uri,
                signature=signature,
                scores=Channel(type=Scores),
            )
        )
