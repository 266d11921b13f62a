"""What ModelCheck takes and gives."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.channel import BaseChannel, Channel

from tfx_components.model_check import executor


class ModelCheckSpec(component_spec.ComponentSpec):
    """ModelCheck's interface."""

    PARAMETERS = {"golden_requests": component_spec.ExecutionParameter(type=str)}
    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "transform_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
    }
    OUTPUTS = {"blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing)}


class ModelCheck(base_component.BaseComponent):
    """Sends golden requests through every serving signature; Pusher needs its blessing.

    Args:
      model: The candidate.
      transform_graph: Of its features: what raw and transformed columns there are.
      golden_requests: Content of `golden_requests.json`: a list of rows of raw columns.

    The artifact of a blessed model holds `golden_answers.json`: the requests as a client sends
    them, and what the model answers.
    """

    SPEC_CLASS = ModelCheckSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self, model: BaseChannel, transform_graph: BaseChannel, golden_requests: str
    ) -> None:
        super().__init__(
            ModelCheckSpec(
                model=model,
                transform_graph=transform_graph,
                golden_requests=golden_requests,
                blessing=Channel(type=standard_artifacts.InfraBlessing),
            )
        )
