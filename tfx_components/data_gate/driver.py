"""Gives DataGate's cache key the content of the data, which a path alone does not show."""

from __future__ import annotations

from tfx.dsl.components.base import base_driver
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable import base_driver as ir_base_driver
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration import driver_output_pb2

from tfx_components.data_gate.source import input_of
from tfx_components.input_files import fingerprint


class Driver(base_driver.BaseDriver, ir_base_driver.BaseDriver):
    """Sets `data_fingerprint`. TFX checks the first base class and runs the second."""

    def __init__(self, mlmd_connection: Metadata) -> None:
        base_driver.BaseDriver.__init__(self, mlmd_connection)
        ir_base_driver.BaseDriver.__init__(self, mlmd_connection)

    def run(self, execution_info: ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Never raises on bad data: that is the executor's to report."""
        output = driver_output_pb2.DriverOutput()
        value = fingerprint(input_of(execution_info.exec_properties))
        output.exec_properties["data_fingerprint"].string_value = value
        return output
