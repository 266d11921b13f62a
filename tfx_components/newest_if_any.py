"""A Resolver's strategy for inputs that need not be there."""

from __future__ import annotations

from ml_metadata import MetadataStore
from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy
from tfx.types.artifact import Artifact


class NewestIfAny(LatestArtifactStrategy):
    """The newest artifact of each channel; where TFX's own strategy fails, nothing."""

    def resolve_artifacts(
        self, store: MetadataStore, input_dict: dict[str, list[Artifact]]
    ) -> dict[str, list[Artifact]]:
        """Called by TFX."""
        resolved: dict[str, list[Artifact]] = self._resolve(input_dict)
        return resolved
