"""Which pushed version a model's other pipelines work with."""

from __future__ import annotations

from pathlib import Path

from tfx_components.version_pusher.versions import read_versions
from tfx_contract.manifest import VersionManifest


def choose_version(versions: Path) -> VersionManifest | None:
    """The newest version; None when nothing was pushed yet."""
    return next(iter(read_versions(versions)), None)
