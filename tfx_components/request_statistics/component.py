"""What RequestStatistics takes and gives."""

from __future__ import annotations

from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import component_spec
from tfx.types.channel import BaseChannel, Channel

from tfx_components import artifacts, uncached
from tfx_components.request_statistics import executor
from tfx_contract.drift_spec import Drift


class RequestStatisticsSpec(component_spec.ComponentSpec):
    """RequestStatistics' interface."""

    PARAMETERS = {
        "version": component_spec.ExecutionParameter(type=int),
        "since": component_spec.ExecutionParameter(type=str),
        "until": component_spec.ExecutionParameter(type=str),
        "signature": component_spec.ExecutionParameter(type=str),
        "beam_above_rows": component_spec.ExecutionParameter(type=int),
        **uncached.RUN_PARAMETER,
    }
    INPUTS = {"reference": component_spec.ChannelParameter(type=artifacts.ServingReference)}
    OUTPUTS = {"statistics": component_spec.ChannelParameter(type=artifacts.RequestStatistics)}


class RequestStatistics(base_beam_component.BaseBeamComponent):
    """Counts what a version was asked and answered in a window of time.

    Ground truth and late requests change the log, so no earlier run stands in for another.

    Args:
      reference: Of the version; its bins are those of the statistics.
      signature: One that predicts.
      version: The version that answered.
      since: ISO 8601, with a time zone; it is in the window.
      until: Likewise; it is not.
      beam_above_rows: Windows of more rows are counted on Beam, smaller ones in memory.
    """

    SPEC_CLASS = RequestStatisticsSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)
    DRIVER_CLASS = uncached.Driver

    def __init__(
        self,
        reference: BaseChannel,
        signature: str,
        version: int = 0,
        since: str = "",
        until: str = "",
        beam_above_rows: int = Drift().beam_above_rows,
    ) -> None:
        super().__init__(
            RequestStatisticsSpec(
                reference=reference,
                signature=signature,
                version=version,
                since=since,
                until=until,
                beam_above_rows=beam_above_rows,
                statistics=Channel(type=artifacts.RequestStatistics),
            )
        )
