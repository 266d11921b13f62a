"""The folder of versions: a version is there entirely or not at all."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from tfx_components.atomic_folder import whole_folder
from tfx_contract.errors import NodeFailed
from tfx_contract.manifest import (
    GOLDEN_FILE,
    MANIFEST_FILE,
    REFERENCE_FOLDER,
    SAVED_MODEL_FOLDER,
    GoldenAnswers,
    VersionManifest,
)


def fingerprint(model: Path) -> str:
    """SHA-256 over the names and bytes of a SavedModel's files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in model.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(model).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def read_versions(folder: Path) -> list[VersionManifest]:
    """The manifests of all pushed versions, the newest first."""
    numbers = sorted((int(p.name) for p in _numbered(folder)), reverse=True)
    return [VersionManifest.read(folder / str(number) / MANIFEST_FILE) for number in numbers]


def publish(
    folder: Path,
    model: Path,
    manifest: VersionManifest,
    golden: GoldenAnswers | None = None,
    reference: Path | None = None,
) -> Path:
    """Makes `<folder>/<version>/` appear in one step; an existing one is left as it is.

    Args:
      folder: The folder of versions.
      model: The SavedModel.
      manifest: Names the version and the model's fingerprint.
      golden: What the model answers to the golden requests, where that is known.
      reference: Folder of what requests to the model will be compared with, where there is one.

    Raises:
      NodeFailed: the copy differs from the model; another try may have removed half of it.
    """
    target = folder / str(manifest.version)
    if not target.exists():
        with whole_folder(target) as draft:
            _fill(draft, model, manifest)
            if golden:
                golden.write(draft / GOLDEN_FILE)
            if reference:
                shutil.copytree(reference, draft / REFERENCE_FOLDER)
    return target


def _fill(draft: Path, model: Path, manifest: VersionManifest) -> None:
    copy = draft / SAVED_MODEL_FOLDER
    shutil.copytree(model, copy)
    manifest.write(draft / MANIFEST_FILE)
    # A try that was stopped, and resumed after a newer one had cleaned up, goes no further.
    if fingerprint(copy) != manifest.model_fingerprint:
        raise NodeFailed(f"The copy of the model in {draft} is not complete; nothing was pushed.")


def _numbered(folder: Path) -> Iterator[Path]:
    entries = folder.iterdir() if folder.exists() else iter(())
    return (path for path in entries if path.name.isdigit() and path.is_dir())
