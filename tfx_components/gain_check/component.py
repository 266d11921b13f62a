"""What GainCheck takes and gives."""

from __future__ import annotations

import json

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.channel import BaseChannel, Channel

from tfx_components import artifacts
from tfx_components.gain_check import executor
from tfx_contract.training_spec import Evaluation


class GainCheckSpec(component_spec.ComponentSpec):
    """GainCheck's interface."""

    PARAMETERS = {
        "metrics": component_spec.ExecutionParameter(type=str),
        "signature": component_spec.ExecutionParameter(type=str),
        "preprocessing_signature": component_spec.ExecutionParameter(type=str),
        "label": component_spec.ExecutionParameter(type=str),
        "required": component_spec.ExecutionParameter(type=int),
    }
    INPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "baseline": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS = {"gain": component_spec.ChannelParameter(type=artifacts.GainReport)}


class GainCheck(base_component.BaseComponent):
    """Compares a candidate with the live model on the newest labelled data.

    The Evaluator asks whether a candidate is no worse on all data. After a drift that is not
    enough: the new model must be better where the world has changed, by more than chance.

    Args:
      examples: The newest; their split `eval` counts.
      model: The candidate.
      baseline: The live model, if there is one.
      evaluation: Names the metrics, the signatures and the label.
      required: Whether a candidate that gains nothing is held back; a run's parameter.
    """

    SPEC_CLASS = GainCheckSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        examples: BaseChannel,
        model: BaseChannel,
        baseline: BaseChannel,
        evaluation: Evaluation,
        required: bool = False,
    ) -> None:
        metrics = {name: limit.model_dump() for name, limit in evaluation.metrics.items()}
        super().__init__(
            GainCheckSpec(
                examples=examples,
                model=model,
                baseline=baseline,
                metrics=json.dumps(metrics),
                signature=evaluation.signature,
                preprocessing_signature=evaluation.preprocessing_signature,
                label=evaluation.label,
                required=int(required),
                gain=Channel(type=artifacts.GainReport),
            )
        )
