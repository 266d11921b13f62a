"""What the training pipeline of a watched model has besides: `drift` of `model.yaml`."""

from __future__ import annotations

from dataclasses import dataclass

from tfx.dsl.components.base.base_node import BaseNode
from tfx.types.channel import BaseChannel

from tfx_components.gain_check.component import GainCheck
from tfx_components.serving_reference.component import ServingReference
from tfx_contract.model_spec import StandardModelSpec
from tfx_contract.parameters import ParameterSpec, ParameterType
from tfx_runtime.input_rows import TRAINING_SPLITS, example_gen

# A retraining on drift sets it.
MUST_GAIN = {
    "must_gain": ParameterSpec(
        type=ParameterType.BOOL,
        bind=["GainCheck.required"],
        default=False,
        description="Push only a model that beats the live one on the newest data.",
    )
}


@dataclass(frozen=True)
class Trained:
    """What the other nodes give.

    Attributes:
      gate: Passed before anything is read.
      rows: Examples of all spans.
      schema: Of the rows.
      model: The candidate.
      baseline: The live model.
    """

    gate: BaseNode
    rows: BaseChannel
    schema: BaseChannel
    model: BaseChannel
    baseline: BaseChannel


def watch(
    spec: StandardModelSpec, trained: Trained
) -> tuple[list[BaseNode], dict[str, BaseChannel]]:
    """Nodes for what requests are compared with and for a gain, and what the Pusher takes of them.

    Both are empty for a model that nobody watches.
    """
    if spec.drift is None:
        return [], {}
    newest, reading = _newest(spec, trained)
    reference = ServingReference(trained.rows, trained.schema, trained.model, spec.evaluation)
    gain = GainCheck(newest, trained.model, trained.baseline, spec.evaluation)
    return [*reading, reference, gain], {**reference.outputs, **gain.outputs}


def _newest(spec: StandardModelSpec, trained: Trained) -> tuple[BaseChannel, list[BaseNode]]:
    """Examples of the run's own span; a row is of the split that it is of among all spans."""
    if spec.spans.window == 1:
        return trained.rows, []
    node = example_gen(spec.data, TRAINING_SPLITS).with_id("NewestExamples")
    node.add_upstream_node(trained.gate)
    return node.outputs["examples"], [node]
