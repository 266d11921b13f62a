"""What DriftDetector takes and gives."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec
from tfx.types.channel import BaseChannel, Channel

from tfx_components import artifacts
from tfx_components.drift_detector import executor


class DriftDetectorSpec(component_spec.ComponentSpec):
    """DriftDetector's interface."""

    PARAMETERS = {
        "drift": component_spec.ExecutionParameter(type=str),
        "log": component_spec.ExecutionParameter(type=str),
        "metrics": component_spec.ExecutionParameter(type=str),
        "label": component_spec.ExecutionParameter(type=str),
        "data": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "statistics": component_spec.ChannelParameter(type=artifacts.RequestStatistics),
        "reference": component_spec.ChannelParameter(type=artifacts.ServingReference),
        "previous": component_spec.ChannelParameter(
            type=artifacts.RequestStatistics, optional=True
        ),
        "earlier": component_spec.ChannelParameter(type=artifacts.DriftReport, optional=True),
    }
    OUTPUTS = {"report": component_spec.ChannelParameter(type=artifacts.DriftReport)}


class DriftDetector(base_component.BaseComponent):
    """Compares what a version was asked and answered with its reference and the window before.

    TFX's DistributionValidator compares quantiles that each sample has of its own, knows nothing of
    chance, of predictions or of the requests' log, and takes its thresholds from a configuration of
    its own; see docs/drift.md.

    Args:
      statistics: The window.
      reference: Of the version that answered.
      drift: `drift` of model.yaml, as JSON.
      log: `serving.log` of model.yaml, as JSON.
      metrics: `evaluation.metrics` of model.yaml, as JSON.
      label: `evaluation.label` of model.yaml.
      data: Where labelled data comes from: `newer_data.Labelled`, as JSON.
      previous: Earlier windows, if there are any.
      earlier: Reports for the page to draw lines over time; those of other versions are left out.
    """

    SPEC_CLASS = DriftDetectorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        statistics: BaseChannel,
        reference: BaseChannel,
        drift: str,
        log: str,
        metrics: str,
        label: str,
        data: str,
        previous: BaseChannel | None = None,
        earlier: BaseChannel | None = None,
    ) -> None:
        super().__init__(
            DriftDetectorSpec(
                statistics=statistics,
                reference=reference,
                previous=previous,
                earlier=earlier,
                drift=drift,
                log=log,
                metrics=metrics,
                label=label,
                data=data,
                report=Channel(type=artifacts.DriftReport),
            )
        )
