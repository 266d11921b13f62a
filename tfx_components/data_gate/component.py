"""What DataGate takes and gives."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec
from tfx.types.channel import Channel

from tfx_components.artifacts import DataValidationReport
from tfx_components.data_gate import driver, executor


class DataGateSpec(component_spec.ComponentSpec):
    """DataGate's interface."""

    PARAMETERS = {
        "data_uri": component_spec.ExecutionParameter(type=str),
        "format": component_spec.ExecutionParameter(type=str),
        "label": component_spec.ExecutionParameter(type=str),
        "expectations": component_spec.ExecutionParameter(type=str),
        # The driver fills it in from the files' content, so that the cache sees new bytes.
        "data_fingerprint": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {"report": component_spec.ChannelParameter(type=DataValidationReport)}


class DataGate(base_component.BaseComponent):
    """Checks the raw data files: their structure first, then Great Expectations.

    Args:
      data_uri: Folder of the data files.
      label: Column that must be there.
      expectations: Content of `expectations.json`, not its path, so that the cache sees an edit.
      format: Format of the files; the only one so far is `csv`.
    """

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(
        self, data_uri: str, label: str, expectations: str = "[]", format: str = "csv"
    ) -> None:
        super().__init__(
            DataGateSpec(
                data_uri=data_uri,
                format=format,
                label=label,
                expectations=expectations,
                report=Channel(type=DataValidationReport),
            )
        )
