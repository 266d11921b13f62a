"""What VersionPusher takes and gives."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.channel import BaseChannel, Channel

from tfx_components.artifacts import DataValidationReport, GainReport, ServingReference
from tfx_components.version_pusher import driver, executor


def _required(artifact_type: type) -> component_spec.ChannelParameter:
    return component_spec.ChannelParameter(type=artifact_type)


def _optional(artifact_type: type) -> component_spec.ChannelParameter:
    return component_spec.ChannelParameter(type=artifact_type, optional=True)


class VersionPusherSpec(component_spec.ComponentSpec):
    """VersionPusher's interface."""

    # The driver fills it in. It names this run's executions, so no two runs share a cache key:
    # what lies in the folder of versions is outside of MLMD and has to be looked at each time.
    PARAMETERS = {"provenance": component_spec.ExecutionParameter(type=str, optional=True)}
    INPUTS = {
        "model": _required(standard_artifacts.Model),
        "model_blessing": _optional(standard_artifacts.ModelBlessing),
        "infra_blessing": _optional(standard_artifacts.InfraBlessing),
        "baseline": _optional(standard_artifacts.Model),
        "data_report": _optional(DataValidationReport),
        "evaluation": _optional(standard_artifacts.ModelEvaluation),
        "examples": _optional(standard_artifacts.Examples),
        "schema": _optional(standard_artifacts.Schema),
        "statistics": _optional(standard_artifacts.ExampleStatistics),
        "transform_graph": _optional(standard_artifacts.TransformGraph),
        "reference": _optional(ServingReference),
        "gain": _optional(GainReport),
    }
    OUTPUTS = {"pushed_model": _required(standard_artifacts.PushedModel)}


class VersionPusher(base_component.BaseComponent):
    """Makes a model that has all its blessings the next version, with a manifest of its origin.

    Nothing is pushed when the newest or the live version is the same model, or one that was refused
    or rolled back; a model that was live before those comes back as a new version.

    Args:
      model: The candidate.
      **inputs: The blessings that are needed, and the artifacts that the manifest names: see
        `VersionPusherSpec.INPUTS`.
    """

    SPEC_CLASS = VersionPusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(self, model: BaseChannel, **inputs: BaseChannel) -> None:
        super().__init__(
            VersionPusherSpec(
                model=model, **inputs, pushed_model=Channel(type=standard_artifacts.PushedModel)
            )
        )
