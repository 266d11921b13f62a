"""The folder of versions: a version is there entirely or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tfx_contract.errors import NodeFailed
from tfx_contract.manifest import MANIFEST_FILE, SAVED_MODEL_FOLDER, VersionManifest


def fingerprint(model: Path) -> str:
    """SHA-256 over the names and bytes of a SavedModel's files."""
    digest = hashlib.sha256()
    for path in _files(model):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(model).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def read_versions(folder: Path) -> list[VersionManifest]:
    """The manifests of all pushed versions, the newest first."""
    numbers = sorted((int(p.name) for p in _numbered(folder)), reverse=True)
    return [VersionManifest.read(folder / str(number) / MANIFEST_FILE) for number in numbers]


def publish(folder: Path, model: Path, manifest: VersionManifest) -> Path:
    """Makes `<folder>/<version>/` appear in one step; an existing one is left as it is.

    Raises:
      NodeFailed: the copy differs from the model; another try may have removed half of it.
    """
    target = folder / str(manifest.version)
    folder.mkdir(parents=True, exist_ok=True)
    remove_drafts(folder, manifest.version)
    if target.exists():
        return target
    draft = Path(tempfile.mkdtemp(dir=folder, prefix=_draft_prefix(manifest.version)))
    try:
        _fill(draft, model, manifest)
        _rename(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def remove_drafts(folder: Path, version: int) -> None:
    """Removes what killed tries of this version left; those of other versions may be at work."""
    for draft in folder.glob(f"{_draft_prefix(version)}*"):
        shutil.rmtree(draft, ignore_errors=True)


def _draft_prefix(version: int) -> str:
    return f".draft-{version}-"


def _fill(draft: Path, model: Path, manifest: VersionManifest) -> None:
    draft.chmod(0o755)
    copy = draft / SAVED_MODEL_FOLDER
    shutil.copytree(model, copy)
    (draft / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    # A try that was stopped, and resumed after a newer one had cleaned up, goes no further.
    if fingerprint(copy) != manifest.model_fingerprint:
        raise NodeFailed(f"The copy of the model in {draft} is not complete; nothing was pushed.")
    for path in [*_files(draft), *_folders(draft), draft]:
        _sync(path)


def _rename(draft: Path, target: Path) -> None:
    try:
        os.rename(draft, target)
    except OSError:
        # Another try of the same execution was first, with the same content.
        if not (target / MANIFEST_FILE).exists():
            raise
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_dir()]


def _numbered(folder: Path) -> Iterator[Path]:
    entries = folder.iterdir() if folder.exists() else iter(())
    return (path for path in entries if path.name.isdigit() and path.is_dir())
