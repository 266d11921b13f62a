"""For components whose work lies outside of MLMD, so that no earlier run stands in for this one."""

from __future__ import annotations

from tfx.dsl.components.base import base_driver
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable import base_driver as ir_base_driver
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration import driver_output_pb2
from tfx.types import component_spec

# A part of the cache key that no other run has.
RUN = "run"
RUN_PARAMETER = {RUN: component_spec.ExecutionParameter(type=str, optional=True)}


class Driver(base_driver.BaseDriver, ir_base_driver.BaseDriver):
    """Sets `run`. TFX checks the first base class and runs the second."""

    def __init__(self, mlmd_connection: Metadata) -> None:
        base_driver.BaseDriver.__init__(self, mlmd_connection)
        ir_base_driver.BaseDriver.__init__(self, mlmd_connection)

    def run(self, execution_info: ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """The MLMD run, which a retry shares and another run does not."""
        output = driver_output_pb2.DriverOutput()
        output.exec_properties[RUN].string_value = execution_info.pipeline_run_id
        return output
