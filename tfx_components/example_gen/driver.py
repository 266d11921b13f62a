"""Finds the files of a run's spans before TFX asks its cache, as the driver of every ExampleGen."""

from __future__ import annotations

import os
from typing import Any

from tfx.components.example_gen import driver, utils
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto import example_gen_pb2
from tfx.proto.orchestration import driver_output_pb2
from tfx.types import standard_component_specs
from tfx.utils import io_utils, proto_utils

from tfx_components.input_files import Input, Portion, find_portions
from tfx_contract.errors import DataError, InputError
from tfx_contract.spans import has_spans

# Of what the driver could not find, for the executor to raise: only a node whose executor fails is
# FAILED in MLMD, a driver's exception leaves its execution RUNNING for ever.
PROBLEM = "problem"
# A pattern of TFX's Input.Split holds one pattern a line, one for each span.
SEPARATOR = "\n"
_WINDOW = "window"
_EXAMPLES = standard_component_specs.EXAMPLES_KEY


class Driver(driver.FileBasedDriver):
    """Fills spans and versions into the patterns, and gives the cache the files' fingerprints."""

    def run(self, execution_info: ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Never raises on missing data: that is the executor's to report."""
        try:
            output = super().run(execution_info)
        except InputError as error:
            output = driver_output_pb2.DriverOutput()
            output.exec_properties[PROBLEM].string_value = str(error)
            return output
        config = _input_config(execution_info.exec_properties)
        if any(has_spans(split.pattern) for split in config.splits):
            window = execution_info.exec_properties[_WINDOW]
            for artifact in output.output_artifacts[_EXAMPLES].artifacts:
                artifact.custom_properties[_WINDOW].int_value = window
        return output

    def resolve_exec_properties(
        self, exec_properties: dict[str, Any], pipeline_info: Any, component_info: Any
    ) -> dict[str, Any]:
        """The properties as TFX's driver gives them: patterns filled in, span, version and all."""
        config = _input_config(exec_properties)
        uri = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        found = [find_portions(_wanted(exec_properties, uri, split)) for split in config.splits]
        _check_aligned(found)
        fingerprints = [
            io_utils.generate_fingerprint(split.name, os.path.join(uri, portion.pattern))
            for split, portions in zip(config.splits, found, strict=True)
            for portion in portions
        ]
        for split, portions in zip(config.splits, found, strict=True):
            split.pattern = SEPARATOR.join(portion.pattern for portion in portions)
        newest = found[0][-1]
        return {
            **exec_properties,
            standard_component_specs.INPUT_CONFIG_KEY: proto_utils.proto_to_json(config),
            utils.SPAN_PROPERTY_NAME: newest.span,
            utils.VERSION_PROPERTY_NAME: newest.version,
            utils.FINGERPRINT_PROPERTY_NAME: "\n".join(fingerprints),
        }


def _input_config(exec_properties: dict[str, Any]) -> example_gen_pb2.Input:
    config = example_gen_pb2.Input()
    proto_utils.json_to_proto(exec_properties[standard_component_specs.INPUT_CONFIG_KEY], config)
    return config


def _wanted(exec_properties: dict[str, Any], uri: str, split: example_gen_pb2.Input.Split) -> Input:
    span, window = exec_properties.get(utils.SPAN_PROPERTY_NAME), exec_properties[_WINDOW]
    return Input(uri, split.pattern, span, window)


def _check_aligned(found: list[list[Portion]]) -> None:
    """TFX's rule for several splits: each takes the same spans in the same versions."""
    taken = [[(portion.span, portion.version) for portion in portions] for portions in found]
    if any(spans != taken[0] for spans in taken[1:]):
        raise DataError(
            "The splits of 'input_config' need the same spans in the same versions; found the "
            f"(span, version) {' and '.join(map(str, taken))}."
        )
