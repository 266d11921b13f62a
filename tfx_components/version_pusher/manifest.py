"""Puts a version's manifest together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from tfx_components.environment import current_environment
from tfx_components.evaluation import metric_verdicts
from tfx_components.version_pusher.provenance import Provenance
from tfx_components.version_pusher.request import RunContext
from tfx_components.version_pusher.signatures import signature_shapes
from tfx_contract.compiled import CodeOrigin
from tfx_contract.manifest import DataSource, MetricVerdict, VersionManifest
from tfx_contract.node import ArtifactRecord, ParameterValue

_ROLES = (
    "model",
    "transform_graph",
    "schema",
    "statistics",
    "examples",
    "evaluation",
    "baseline",
    "reference",
)

Artifacts = dict[str, list[Artifact]]


def build_manifest(
    version: int,
    fingerprint: str,
    context: RunContext,
    inputs: Artifacts,
    provenance: Provenance,
    baseline: int | None,
    model: Path,
) -> VersionManifest:
    """The manifest of a version that is about to be pushed."""
    package, request = context.package, context.request
    shapes = signature_shapes(model)
    return VersionManifest(
        model=context.model,
        version=version,
        model_fingerprint=fingerprint,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        run=context.run,
        pipeline_digest=package.digest if package else "",
        modules_digest=package.modules_digest if package else "",
        origin=package.origin if package else CodeOrigin(),
        environment=current_environment(),
        data=_data(inputs),
        artifacts={role: _record(inputs[role][0]) for role in _ROLES if inputs.get(role)},
        executions=provenance.executions,
        hyperparameters=provenance.hyperparameters,
        parameters=request.parameters if request else {},
        metrics=_metrics(inputs),
        baseline_version=baseline,
        signatures=list(shapes),
        signature_shapes=shapes,
    )


def _data(inputs: Artifacts) -> list[DataSource]:
    if not inputs.get("data_report"):
        return []
    report = artifact_utils.get_single_instance(inputs["data_report"])
    examples = inputs.get("examples") or []
    span = examples[0].get_int_custom_property("span") if examples else None
    splits = artifact_utils.decode_split_names(examples[0].split_names) if examples else []
    return [
        DataSource(
            uri=report.data_uri, fingerprint=report.data_fingerprint, span=span, splits=splits
        )
    ]


def _metrics(inputs: Artifacts) -> list[MetricVerdict]:
    if not inputs.get("evaluation"):
        return []
    return metric_verdicts(artifact_utils.get_single_uri(inputs["evaluation"]))


def _record(artifact: Artifact) -> ArtifactRecord:
    mlmd = artifact.mlmd_artifact
    properties: dict[str, ParameterValue] = {
        name: getattr(value, value.WhichOneof("value"))
        for source in (mlmd.properties, mlmd.custom_properties)
        for name, value in source.items()
        if value.WhichOneof("value") in ("int_value", "double_value", "string_value")
    }
    return ArtifactRecord(
        id=artifact.id, type=artifact.type_name, uri=artifact.uri, properties=properties
    )
