"""Whether a model is one that was pushed before, so that pushing it again would be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfx_contract.deployments import live_version, rejected_versions
from tfx_contract.manifest import VersionManifest


@dataclass(frozen=True)
class Duplicate:
    """A version that is the same model, and why there is to be no other."""

    version: int
    reason: str


def find_duplicate(
    folder: Path, versions: Sequence[VersionManifest], fingerprint: str
) -> Duplicate | None:
    """The version for whose sake the model is not pushed; None when it is to be pushed.

    - A version that was refused or rolled back is not tried again under another number, however
      old it is. Whoever wants it after all promotes that version.
    - The newest version would be followed by its own copy.
    - The live version would be compared with its own copy, and replaced by it.

    Any other is history: a model that was live once, gave way to a better one, and comes back
    because the data or the code did. What is newest is what training says today, so it becomes a
    version again, with the run that it came from this time.

    Args:
      folder: The folder of versions, for what became of them.
      versions: The newest first.
      fingerprint: Of the candidate.
    """
    same = [manifest.version for manifest in versions if manifest.model_fingerprint == fingerprint]
    if not same:
        return None
    if rejected := rejected_versions(folder).intersection(same):
        return Duplicate(
            max(rejected), f"version {max(rejected)}, refused or rolled back, is the same model"
        )
    if same[0] == versions[0].version:
        return Duplicate(same[0], f"version {same[0]}, the newest, is the same model already")
    if (live := live_version(folder)) in same:
        return Duplicate(live, f"version {live}, the live one, is the same model already")
    return None
