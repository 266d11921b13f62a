"""What VersionImporter takes and gives."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.channel import Channel

from tfx_components.version_importer import driver, executor


class VersionImporterSpec(component_spec.ComponentSpec):
    """VersionImporter's interface."""

    PARAMETERS = {
        "signature": component_spec.ExecutionParameter(type=str),
        # The driver fills these in, so that the cache sees another version.
        "versions": component_spec.ExecutionParameter(type=str, optional=True),
        "version": component_spec.ExecutionParameter(type=int, optional=True),
        "model_fingerprint": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
    }


class VersionImporter(base_component.BaseComponent):
    """Imports the pushed version that is to be used, and the schema that it learned with.

    The model has the version's number as the property `version`.

    Args:
      signature: A signature that the version must have.
    """

    SPEC_CLASS = VersionImporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(self, signature: str) -> None:
        super().__init__(
            VersionImporterSpec(
                signature=signature,
                model=Channel(type=standard_artifacts.Model),
                schema=Channel(type=standard_artifacts.Schema),
            )
        )
