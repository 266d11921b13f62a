"""What AnomalyGate takes and gives."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.channel import BaseChannel, Channel

from tfx_components.anomaly_gate import executor
from tfx_components.artifacts import DataBlessing


class AnomalyGateSpec(component_spec.ComponentSpec):
    """AnomalyGate's interface."""

    PARAMETERS: dict[str, component_spec.ExecutionParameter] = {}
    INPUTS = {
        "anomalies": component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies)
    }
    OUTPUTS = {"blessing": component_spec.ChannelParameter(type=DataBlessing)}


class AnomalyGate(base_component.BaseComponent):
    """Ends the run when ExampleValidator found anomalies; Trainer waits for it.

    Args:
      anomalies: What ExampleValidator found against the curated schema.
    """

    SPEC_CLASS = AnomalyGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(self, anomalies: BaseChannel) -> None:
        super().__init__(AnomalyGateSpec(anomalies=anomalies, blessing=Channel(type=DataBlessing)))
