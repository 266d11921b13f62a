"""Asks MLMD where the candidate comes from; the executor has no access to it."""

from __future__ import annotations

from tfx.dsl.components.base import base_driver
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable import base_driver as ir_base_driver
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration import driver_output_pb2

from tfx_components.version_pusher.provenance import read_provenance


class Driver(base_driver.BaseDriver, ir_base_driver.BaseDriver):
    """Sets `provenance`. TFX checks the first base class and runs the second."""

    def __init__(self, mlmd_connection: Metadata) -> None:
        base_driver.BaseDriver.__init__(self, mlmd_connection)
        ir_base_driver.BaseDriver.__init__(self, mlmd_connection)

    def run(self, execution_info: ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Reads MLMD through the launcher's own connection, which is the only safe one."""
        (model,) = execution_info.input_dict["model"]
        with self._mlmd_connection as handle:
            provenance = read_provenance(
                handle.store,
                execution_info.pipeline_info.id,
                execution_info.pipeline_run_id,
                model.id,
            )
        output = driver_output_pb2.DriverOutput()
        output.exec_properties["provenance"].string_value = provenance.model_dump_json()
        return output
