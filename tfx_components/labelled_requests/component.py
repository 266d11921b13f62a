"""What LabelledRequests takes and gives."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec
from tfx.types.channel import BaseChannel, Channel

from tfx_components import artifacts, uncached
from tfx_components.labelled_requests import executor
from tfx_contract.data_spec import Data


class LabelledRequestsSpec(component_spec.ComponentSpec):
    """LabelledRequests' interface."""

    PARAMETERS = {
        "signature": component_spec.ExecutionParameter(type=str),
        "data": component_spec.ExecutionParameter(type=str),
        **uncached.RUN_PARAMETER,
    }
    INPUTS = {
        "statistics": component_spec.ChannelParameter(type=artifacts.RequestStatistics),
        "reference": component_spec.ChannelParameter(type=artifacts.ServingReference),
    }
    OUTPUTS = {"labelled": component_spec.ChannelParameter(type=artifacts.LabelledRequests)}


class LabelledRequests(base_component.BaseComponent):
    """Writes the labelled requests of a window to the training data, once.

    Ground truth comes late and files are outside of MLMD, so no earlier run stands in for another.

    Args:
      statistics: The window.
      reference: Of the version that answered; its schema has the raw columns.
      signature: One that predicts.
      data: `data` of model.yaml.
    """

    SPEC_CLASS = LabelledRequestsSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = uncached.Driver

    def __init__(
        self, statistics: BaseChannel, reference: BaseChannel, signature: str, data: Data
    ) -> None:
        super().__init__(
            LabelledRequestsSpec(
                statistics=statistics,
                reference=reference,
                signature=signature,
                data=data.model_dump_json(),
                labelled=Channel(type=artifacts.LabelledRequests),
            )
        )
