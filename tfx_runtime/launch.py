"""TFX's portable launcher, made safe to retry.

TFX reuses the execution of a killed try, and with it the folders the killed try half filled. Here
every try owns the execution by a fencing token and writes into folders of its own; what earlier
tries left is removed. The stateful working directory (a trainer's checkpoints) is the same for all.
"""

from __future__ import annotations

import os
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.dsl.io import fileio
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import execution_publish_utils, launcher, outputs_utils
from tfx.orchestration.portable.mlmd import execution_lib
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from tfx_runtime import past_runs
from tfx_runtime.metadata import TOKEN_PROPERTY, FencedMetadata

_STATEFUL_INDEX = "__stateful_working_dir_index__"


class FencedLauncher(launcher.Launcher):
    """Runs one node as one try of possibly several."""

    def __init__(
        self,
        pipeline: pipeline_pb2.Pipeline,
        node: pipeline_pb2.PipelineNode,
        connection: FencedMetadata,
        token: str,
    ) -> None:
        deployment = runner_utils.extract_local_deployment_config(pipeline)
        node_id = node.node_info.id
        super().__init__(
            pipeline_node=node,
            mlmd_connection=connection,
            pipeline_info=pipeline.pipeline_info,
            pipeline_runtime_spec=pipeline.runtime_spec,
            executor_spec=_without_repackaging(
                runner_utils.extract_executor_spec(deployment, node_id)
            ),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, node_id),
        )
        self._token = token
        self._connection = connection
        self._node_dir = outputs_utils.get_node_dir(pipeline.runtime_spec, node_id)
        self._output_resolver = _OutputsOfOneTry(
            node, pipeline.pipeline_info, pipeline.runtime_spec, token
        )
        self.failure_message = ""

    def _register_or_reuse_execution(
        self, metadata_handle: FencedMetadata, *args: Any, **kwargs: Any
    ) -> metadata_store_pb2.Execution:
        node = self._pipeline_node
        # TFX would read all executions that the pipeline ever had.
        run = past_runs.read(metadata_handle, past_runs.run_of(metadata_handle, node), [node])
        execution = run.executions.get(
            node.node_info.id
        ) or execution_publish_utils.register_execution(
            metadata_handle, node.node_info.type, *args, **kwargs
        )
        if execution_lib.is_execution_successful(execution):
            return execution
        self._take_over(execution)
        metadata_handle.store.put_executions([execution])
        self._connection.guard(execution.id, self._token)
        return execution

    def _take_over(self, execution: metadata_store_pb2.Execution) -> None:
        if TOKEN_PROPERTY in execution.custom_properties:
            self._wipe_earlier_tries(execution.id)
        execution.custom_properties[TOKEN_PROPERTY].string_value = self._token
        execution.last_known_state = metadata_store_pb2.Execution.RUNNING
        index = execution.custom_properties[_STATEFUL_INDEX]
        index.string_value = index.string_value or f"execution-{execution.id}"

    def _wipe_earlier_tries(self, execution_id: int) -> None:
        leftovers = [f"{key}/{execution_id}" for key in self._pipeline_node.outputs.outputs]
        leftovers.append(f".system/executor_execution/{execution_id}")
        for leftover in leftovers:
            path = os.path.join(self._node_dir, leftover)
            if fileio.exists(path):
                fileio.rmtree(path)

    def _publish_failed_execution(
        self, execution_id: int, contexts: Any, executor_output: Any = None
    ) -> None:
        if executor_output:
            self.failure_message = executor_output.execution_result.result_message
        super()._publish_failed_execution(execution_id, contexts, executor_output)


def _without_repackaging(executor_spec: Any) -> Any:
    """Keeps TFX from packing itself up for Beam workers that are this very process.

    It does so for every Beam node unless a way of shipping code is named, which costs seconds and
    leaves 42 MB in the temporary folder each time. Beam's in-process runner ignores the image.
    """
    if isinstance(executor_spec, executable_spec_pb2.BeamExecutableSpec):
        arguments = executor_spec.beam_pipeline_args_placeholders
        if not any("--runner" in str(a) and "DirectRunner" not in str(a) for a in arguments):
            arguments.add().value.string_value = "--sdk_container_image=in-process"
    return executor_spec


class _OutputsOfOneTry(outputs_utils.OutputsResolver):
    """Gives every try of an execution folders of its own."""

    def __init__(
        self,
        node: pipeline_pb2.PipelineNode,
        info: pipeline_pb2.PipelineInfo,
        runtime: pipeline_pb2.PipelineRuntimeSpec,
        token: str,
    ) -> None:
        super().__init__(node, info, runtime)
        self._try = token[:8]

    def generate_output_artifacts(self, execution_id: int) -> dict[str, list[types.Artifact]]:
        outputs: dict[str, list[types.Artifact]]
        outputs = super().generate_output_artifacts(execution_id)
        for key, artifacts in outputs.items():
            shared = os.path.join(self._node_dir, key, str(execution_id))
            for artifact in artifacts:
                if not artifact.is_external:
                    artifact.uri = artifact.uri.replace(shared, os.path.join(shared, self._try), 1)
        return outputs

    def make_tmp_dir(self, execution_id: int) -> str:
        folder = os.path.join(super().make_tmp_dir(execution_id), self._try, "")
        fileio.makedirs(folder)
        return folder
