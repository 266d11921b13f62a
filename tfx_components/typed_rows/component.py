"""What TypedRows takes and gives."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.channel import BaseChannel, Channel

from tfx_components.typed_rows import executor


class TypedRowsSpec(component_spec.ComponentSpec):
    """TypedRows' interface."""

    PARAMETERS: dict[str, component_spec.ExecutionParameter] = {}
    INPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS = {"typed_examples": component_spec.ChannelParameter(type=standard_artifacts.Examples)}


class TypedRows(base_component.BaseComponent):
    """Converts values whose type is not the schema's.

    ExampleGen infers the types of CSV files from the rows that are there. In a small batch every
    fare may be a whole number, and a model that learned from fractions cannot parse those.

    Args:
      examples: The rows.
      schema: The schema that the version learned with; columns that it does not name stay.
    """

    SPEC_CLASS = TypedRowsSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(self, examples: BaseChannel, schema: BaseChannel) -> None:
        super().__init__(
            TypedRowsSpec(
                examples=examples,
                schema=schema,
                typed_examples=Channel(type=standard_artifacts.Examples),
            )
        )
