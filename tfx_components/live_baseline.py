"""Which model a candidate has to match: the one that answers requests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from absl import logging
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.types.artifact import Artifact
from tfx.utils import path_utils

from tfx_components.version_pusher.request import node_request
from tfx_components.version_pusher.versions import fingerprint, read_versions
from tfx_contract.deployments import live_version, rejected_versions
from tfx_contract.manifest import VersionManifest

Artifacts = dict[str, list[Artifact]]
_ROLE = "model"


class LiveBaseline(LatestBlessedModelStrategy):
    """The model of the live version; before a first deployment, the newest blessed one.

    A version that was refused or rolled back is no baseline, nor is the same model under another
    artifact. The folder of versions lies outside of MLMD; a Resolver is never cached, so every run
    looks there anew.

    Args:
      versions: The folder of versions under TFX's own runners; that of the node runner's request
        comes before it.
    """

    def __init__(self, versions: str = "") -> None:
        request = node_request()
        self._folder = Path(request.versions if request else versions)

    def _resolve(
        self, input_dict: Artifacts, model_channel_key: str, model_blessing_channel_key: str
    ) -> Artifacts:
        """TFX's own choice, among the models that may be chosen."""
        keys = model_channel_key, model_blessing_channel_key
        models = input_dict[model_channel_key]
        versions = {manifest.version: manifest for manifest in read_versions(self._folder)}
        if live := live_version(self._folder):
            of_live = [model for model in models if _is_model_of(model, versions[live])]
            found: Artifacts = super()._resolve({**input_dict, keys[0]: of_live}, *keys)
            if found[keys[0]]:
                return found
            # Failing would be for ever: no run could make a version that might follow this one.
            logging.warning("Version %d is live, but MLMD holds no blessed model of it.", live)
        rejected = [versions[number] for number in rejected_versions(self._folder)]
        found = super()._resolve(input_dict, *keys)
        while any(_is_among(model, rejected) for model in found[keys[0]]):
            models = [model for model in models if model.id != found[keys[0]][0].id]
            found = super()._resolve({**input_dict, keys[0]: models}, *keys)
        return found


def _is_model_of(model: Artifact, version: VersionManifest) -> bool:
    """Ids alone would mislead where MLMD was begun anew beside an old folder of versions."""
    record = version.artifacts.get(_ROLE)
    return record is not None and (record.id, record.uri) == (model.id, model.uri)


def _is_among(model: Artifact, versions: Sequence[VersionManifest]) -> bool:
    if not versions:
        return False
    path = path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model))
    digest = fingerprint(Path(path))
    return any(_is_model_of(model, v) or v.model_fingerprint == digest for v in versions)
