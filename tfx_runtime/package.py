"""The compiled package on disk: made once, named by its content, checked before it runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfx_contract.compiled import PACKAGE_FILE, Package
from tfx_contract.errors import PackageError

MODULES = "modules"
FILES = "files"

_DIGEST_LENGTH = 16


class Draft:
    """A package in the making, in a hidden folder beside the finished ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / MODULES).mkdir()
        (folder / FILES).mkdir()

    def add_file(self, path: Path) -> str:
        """Takes a file in; returns its path relative to the package, content digest included."""
        content = path.read_bytes()
        relative = f"{FILES}/{hashlib.sha256(content).hexdigest()[:12]}/{path.name}"
        target = self.folder / relative
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
        return relative

    def add_modules(self, files: dict[str, Path]) -> None:
        """Takes Python modules in, under the names that they import each other by."""
        for relative, path in files.items():
            target = self.folder / MODULES / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)

    def finish(self, record: Package) -> Package:
        """Writes the record, names the folder by its digest and moves it into place."""
        record = record.model_copy(update={"digest": content_digest(self.folder, record)})
        record.write(self.folder / PACKAGE_FILE)
        target = self.folder.parent / record.digest
        if target.exists() and _is_whole(target):
            return Package.read(target / PACKAGE_FILE)
        shutil.rmtree(target, ignore_errors=True)
        os.rename(self.folder, target)
        return record


@contextmanager
def draft(model_folder: Path) -> Iterator[Draft]:
    """A draft under `compiled/<model>/` that disappears unless it is finished."""
    model_folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=model_folder, prefix=".draft-"))
    folder.chmod(0o755)
    try:
        yield Draft(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def verify(folder: Path) -> None:
    """Raises PackageError when a compiled pipeline is not what its digest says."""
    if not _is_whole(folder):
        raise PackageError(
            f"The compiled pipeline at {folder} was changed after it was made. "
            f"Remove the folder and compile again: tfx-airflow compile {folder.parent.name}"
        )


def content_digest(folder: Path, record: Package) -> str:
    """Digest over the record and every file; where the code came from does not count."""
    result = hashlib.sha256()
    result.update(record.model_dump_json(exclude={"digest", "origin"}).encode())
    for path in sorted(_content(folder)):
        content = path.read_bytes()
        result.update(f"\0{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        result.update(content)
    return result.hexdigest()[:_DIGEST_LENGTH]


def _content(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and path.name != PACKAGE_FILE and "__pycache__" not in path.parts:
            yield path


def _is_whole(folder: Path) -> bool:
    try:
        record = Package.read(folder / PACKAGE_FILE)
        return content_digest(folder, record) == folder.name
    except (OSError, ValueError):
        return False
