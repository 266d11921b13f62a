"""Pushes a blessed model that was not pushed before; otherwise says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from absl import logging
from tfx.components.util import model_utils
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import path_utils

from tfx_components.version_pusher.duplicates import Duplicate, find_duplicate
from tfx_components.version_pusher.manifest import build_manifest
from tfx_components.version_pusher.provenance import Provenance
from tfx_components.version_pusher.request import RunContext, context_of
from tfx_components.version_pusher.versions import fingerprint, publish, read_versions
from tfx_contract.deployments import live_version
from tfx_contract.manifest import GOLDEN_FILE, GoldenAnswers, VersionManifest

Artifacts = dict[str, list[Artifact]]


class Executor(base_executor.BaseExecutor):
    """VersionPusher's work."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Publishes the version, or records in the output artifact why there is none."""
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        if reason := not_blessed(input_dict):
            _mark_not_pushed(pushed, reason)
            return
        context = context_of(self._context, pushed.uri)
        model = _saved_model(artifact_utils.get_single_instance(input_dict["model"]))
        digest = fingerprint(model)
        provenance = Provenance.model_validate_json(exec_properties["provenance"])
        # TFX keeps an execution's id from its executor, but the driver saw it among the run's.
        version = provenance.executions[self._context.pipeline_node.node_info.id]
        others = [m for m in read_versions(context.versions) if m.version != version]
        if duplicate := find_duplicate(context.versions, others, digest):
            _mark_already_there(pushed, duplicate, context)
            return
        baseline = _baseline_version(input_dict, context.versions, others)
        manifest = build_manifest(version, digest, context, input_dict, provenance, baseline, model)
        golden, reference = _golden_answers(input_dict), _reference(input_dict)
        folder = publish(context.versions, model, manifest, golden, reference)
        _mark_pushed(pushed, folder, version)


def not_blessed(inputs: Artifacts) -> str:
    """Which blessing is missing; empty when none is."""
    if inputs.get("model_blessing") and not model_utils.is_model_blessed(
        artifact_utils.get_single_instance(inputs["model_blessing"])
    ):
        return "the Evaluator did not bless the model"
    if inputs.get("infra_blessing") and not model_utils.is_infra_validated(
        artifact_utils.get_single_instance(inputs["infra_blessing"])
    ):
        return "the model check did not bless the model"
    if inputs.get("gain") and not artifact_utils.get_single_instance(inputs["gain"]).passed:
        return "the model does not beat the live one on the newest data"
    return ""


def _saved_model(artifact: Artifact) -> Path:
    is_old = path_utils.is_old_model_artifact(artifact)
    return Path(path_utils.serving_model_path(artifact.uri, is_old))


def _golden_answers(inputs: Artifacts) -> GoldenAnswers | None:
    """What ModelCheck left beside its blessing; TFX's own InfraValidator leaves nothing."""
    if not inputs.get("infra_blessing"):
        return None
    path = Path(artifact_utils.get_single_uri(inputs["infra_blessing"]), GOLDEN_FILE)
    return GoldenAnswers.read(path) if path.exists() else None


def _reference(inputs: Artifacts) -> Path | None:
    """What requests will be compared with, where the model is watched."""
    if not inputs.get("reference"):
        return None
    return Path(artifact_utils.get_single_uri(inputs["reference"]))


def _baseline_version(
    inputs: Artifacts, folder: Path, versions: list[VersionManifest]
) -> int | None:
    """The version that holds the model which the candidate was compared with."""
    if not inputs.get("baseline"):
        return None
    path = _saved_model(artifact_utils.get_single_instance(inputs["baseline"]))
    digest = fingerprint(path) if path.exists() else ""
    same = [m.version for m in versions if m.model_fingerprint == digest]
    live = live_version(folder)
    return live if live in same else next(iter(same), None)


def _mark_pushed(pushed: Artifact, folder: Path, version: int) -> None:
    # These three names are those of TFX's own Pusher.
    pushed.set_int_custom_property("pushed", 1)
    pushed.set_string_custom_property("pushed_destination", str(folder))
    pushed.set_string_custom_property("pushed_version", str(version))
    logging.info("Pushed version %d to %s", version, folder)


def _mark_already_there(pushed: Artifact, same: Duplicate, context: RunContext) -> None:
    _mark_not_pushed(pushed, same.reason)
    pushed.set_string_custom_property("pushed_version", str(same.version))
    pushed.set_string_custom_property(
        "pushed_destination", str(context.versions / str(same.version))
    )


def _mark_not_pushed(pushed: Artifact, reason: str) -> None:
    pushed.set_int_custom_property("pushed", 0)
    pushed.set_string_custom_property("reason", reason)
    logging.info("Nothing pushed: %s", reason)
