"""What a node published, as its task reports it."""

from __future__ import annotations

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.orchestration.portable.mlmd import execution_lib
from tfx.proto.orchestration import pipeline_pb2

from tfx_contract.node import ArtifactRecord, NodeState
from tfx_runtime import past_runs
from tfx_runtime.metadata import FencedMetadata

_STATES = {
    metadata_store_pb2.Execution.COMPLETE: NodeState.COMPLETE,
    metadata_store_pb2.Execution.CACHED: NodeState.CACHED,
}


class Published:
    """What MLMD holds for one node of one run; the only source of a task's state."""

    def __init__(self, connection: FencedMetadata, node: pipeline_pb2.PipelineNode) -> None:
        self.outputs: dict[str, list[types.Artifact]] = {}
        with connection as handle:
            run = past_runs.read(handle, past_runs.run_of(handle, node), [node])
            self.execution = run.executions.get(node.node_info.id)
            for execution in run.published().values():
                found = execution_lib.get_output_artifacts(handle, execution.id)
                self.outputs = {key: list(artifacts) for key, artifacts in found.items()}

    @property
    def state(self) -> NodeState:
        """SKIPPED when nothing was registered: TFX's condition said so."""
        if self.execution is None:
            return NodeState.SKIPPED
        return _STATES.get(self.execution.last_known_state, NodeState.FAILED)

    def records(self) -> dict[str, list[ArtifactRecord]]:
        """The outputs as plain records."""
        return {key: [_record(a) for a in artifacts] for key, artifacts in self.outputs.items()}


def _record(artifact: types.Artifact) -> ArtifactRecord:
    properties = {}
    for source in (artifact.mlmd_artifact.properties, artifact.mlmd_artifact.custom_properties):
        for name, value in source.items():
            kind = value.WhichOneof("value")
            if kind in ("int_value", "double_value", "string_value", "bool_value"):
                properties[name] = getattr(value, kind)
    return ArtifactRecord(
        id=artifact.id, type=artifact.type_name, uri=artifact.uri, properties=properties
    )
