"""What earlier drift checks left, for a check to compare with and to draw."""

from __future__ import annotations

from tfx.dsl.components.common import resolver
from tfx.orchestration.metadata import Metadata
from tfx.types.artifact import Artifact

_MOST = 100


class EarlierChecks(resolver.ResolverStrategy):
    """The newest artifacts of each kind; none before the first check, which is no failure."""

    def resolve_artifacts(
        self, metadata_handle: Metadata, input_dict: dict[str, list[Artifact]]
    ) -> dict[str, list[Artifact]]:
        """The newest first."""
        return {key: _newest(artifacts) for key, artifacts in input_dict.items()}


def _newest(artifacts: list[Artifact]) -> list[Artifact]:
    return sorted(artifacts, key=lambda artifact: artifact.id, reverse=True)[:_MOST]
