"""Which pushed version a model's other pipelines work with."""

from __future__ import annotations

from pathlib import Path

from tfx_components.version_pusher.versions import read_versions
from tfx_contract.deployments import live_version, rejected_versions
from tfx_contract.manifest import VersionManifest


def choose_version(versions: Path) -> VersionManifest | None:
    """The live version; before a first deployment the newest that was not refused.

    None when there is none of these, as before the first push.
    """
    live, rejected = live_version(versions), rejected_versions(versions)
    usable = (m for m in read_versions(versions) if m.version not in rejected)
    return next((m for m in usable if live in (None, m.version)), None)
