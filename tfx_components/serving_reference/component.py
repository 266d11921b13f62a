"""What ServingReference takes and gives."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.channel import BaseChannel, Channel

from tfx_components import artifacts
from tfx_components.serving_reference import executor
from tfx_contract.training_spec import Evaluation


class ServingReferenceSpec(component_spec.ComponentSpec):
    """ServingReference's interface."""

    PARAMETERS = {
        "signature": component_spec.ExecutionParameter(type=str),
        "preprocessing_signature": component_spec.ExecutionParameter(type=str),
        "label": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS = {"reference": component_spec.ChannelParameter(type=artifacts.ServingReference)}


class ServingReference(base_component.BaseComponent):
    """Counts the rows that a model learned from, and what it predicts on the eval split.

    Args:
      examples: With the splits `train` and `eval`.
      schema: The columns' types.
      model: The candidate.
      evaluation: Names the signatures, which take serialized examples, and the label.
    """

    SPEC_CLASS = ServingReferenceSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        examples: BaseChannel,
        schema: BaseChannel,
        model: BaseChannel,
        evaluation: Evaluation,
    ) -> None:
        super().__init__(
            ServingReferenceSpec(
                examples=examples,
                schema=schema,
                model=model,
                signature=evaluation.signature,
                preprocessing_signature=evaluation.preprocessing_signature,
                label=evaluation.label,
                reference=Channel(type=artifacts.ServingReference),
            )
        )
