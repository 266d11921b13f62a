"""What SpanExampleGen takes and gives."""

from __future__ import annotations

from tfx.components.example_gen import utils
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import example_gen_pb2
from tfx.types import component_spec, standard_artifacts, standard_component_specs
from tfx.types.channel import Channel

from tfx_components.example_gen import driver, executor
from tfx_contract.data_spec import DataFormat

_TFX_PARAMETERS = standard_component_specs.FileBasedExampleGenSpec.PARAMETERS
_OURS_INSTEAD = standard_component_specs.RANGE_CONFIG_KEY


class SpanExampleGenSpec(component_spec.ComponentSpec):
    """TFX's FileBasedExampleGen, with a span that the run names in place of a range."""

    PARAMETERS = {
        **{name: value for name, value in _TFX_PARAMETERS.items() if name != _OURS_INSTEAD},
        "format": component_spec.ExecutionParameter(type=str),
        "span": component_spec.ExecutionParameter(type=int, optional=True),
        "window": component_spec.ExecutionParameter(type=int),
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {
        standard_component_specs.EXAMPLES_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.Examples
        )
    }


class SpanExampleGen(base_beam_component.BaseBeamComponent):
    """Reads CSV, TFRecord, Avro or Parquet files into examples.

    TFX's own ExampleGens take the newest span that there is, and one alone. This one reads the span
    it is told and those before it, and fails when one of them is missing. Without spans in the
    pattern its input is resolved, fingerprinted and cached as TFX's.

    Args:
      input_base: Folder of the data files.
      format: Format of the files.
      input_config: Patterns below the folder, by TFX's rules; left out, the files that are of the
        format by name. Each may have `{SPAN}`, or `{YYYY}`, `{MM}` and `{DD}`, and `{VERSION}`, of
        which the newest is read.
      output_config: Splits of the output; left out, `train` and `eval`, 2 to 1.
      span: The span to read; needed when the patterns have spans.
      window: How many spans to read, `span` being the last.
    """

    SPEC_CLASS = SpanExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver

    def __init__(
        self,
        input_base: str,
        format: DataFormat = DataFormat.CSV,
        input_config: example_gen_pb2.Input | None = None,
        output_config: example_gen_pb2.Output | None = None,
        span: int | RuntimeParameter | None = None,
        window: int = 1,
    ) -> None:
        inputs = input_config or utils.make_default_input_config(format.default_pattern)
        super().__init__(
            SpanExampleGenSpec(
                input_base=input_base,
                input_config=inputs,
                output_config=output_config or utils.make_default_output_config(inputs),
                output_data_format=example_gen_pb2.FORMAT_TF_EXAMPLE,
                output_file_format=example_gen_pb2.FORMAT_TFRECORDS_GZIP,
                format=format.value,
                span=span,
                window=window,
                examples=Channel(type=standard_artifacts.Examples),
            )
        )
