"""What DataGate takes and gives."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import component_spec
from tfx.types.channel import Channel

from tfx_components.artifacts import DataValidationReport
from tfx_components.data_gate import driver, executor
from tfx_contract.data_spec import DataFormat


class DataGateSpec(component_spec.ComponentSpec):
    """DataGate's interface."""

    PARAMETERS = {
        "data_uri": component_spec.ExecutionParameter(type=str),
        "format": component_spec.ExecutionParameter(type=str),
        "pattern": component_spec.ExecutionParameter(type=str),
        "span": component_spec.ExecutionParameter(type=int, optional=True),
        "window": component_spec.ExecutionParameter(type=int),
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
      format: Format of the files.
      pattern: Files below the folder, as ExampleGen is given it; left out, those that are of the
        format by name.
      span: The span to check; needed when the pattern has spans.
      window: How many spans to check, `span` being the last.
    """

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(
        self,
        data_uri: str,
        label: str,
        expectations: str = "[]",
        format: str = DataFormat.CSV,
        pattern: str | None = None,
        span: int | RuntimeParameter | None = None,
        window: int = 1,
    ) -> None:
        known = DataFormat(format)
        super().__init__(
            DataGateSpec(
                data_uri=data_uri,
                format=known.value,
                pattern=pattern or known.default_pattern,
                span=span,
                window=window,
                label=label,
                expectations=expectations,
                report=Channel(type=DataValidationReport),
            )
        )
