"""Settles the version before TFX asks its cache: the folder of versions is not in MLMD."""

from __future__ import annotations

from tfx.dsl.components.base import base_driver
from tfx.orchestration.metadata import Metadata
from tfx.orchestration.portable import base_driver as ir_base_driver
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration import driver_output_pb2
from tfx.types import artifact_utils

from tfx_components.version_importer.choice import choose_version
from tfx_components.version_pusher.request import RunContext, run_context


class Driver(base_driver.BaseDriver, ir_base_driver.BaseDriver):
    """Sets `version` and its fingerprint. TFX checks the first base class and runs the second."""

    def __init__(self, mlmd_connection: Metadata) -> None:
        base_driver.BaseDriver.__init__(self, mlmd_connection)
        ir_base_driver.BaseDriver.__init__(self, mlmd_connection)

    def run(self, execution_info: ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Never raises when there is no version: that is the executor's to report."""
        versions = _context(execution_info).versions
        found = choose_version(versions)
        output = driver_output_pb2.DriverOutput()
        output.exec_properties["versions"].string_value = str(versions)
        if found:
            output.exec_properties["version"].int_value = found.version
            output.exec_properties["model_fingerprint"].string_value = found.model_fingerprint
        return output


def _context(info: ExecutionInfo) -> RunContext:
    model = artifact_utils.get_single_instance(info.output_dict["model"])
    node = info.pipeline_node.node_info.id
    return run_context(info.pipeline_info.id, info.pipeline_run_id, model.uri, node)
