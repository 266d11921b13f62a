"""Which compiled pipeline a model's DAG is rendered from, and whether its sources changed since."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tfx_contract.compiled import POINTER_FILE, Pointer, load_pointer
from tfx_contract.errors import PackageError
from tfx_contract.home import Home
from tfx_contract.record import Record
from tfx_contract.sources import source_files

PIN_FILE = "compiled.json"
DAG_FILE = "dag.py"


class Pin(Record):
    """The compiled pipeline that a DAG file beside it is rendered from."""

    digest: str | None
    stale: bool = False
    why: str = ""


class SourceHashes:
    """SHA-256 of files, computed again only when a file's size or time of change differs."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int], str]] = {}

    def of(self, path: Path) -> str | None:
        """The hash of a file's bytes; None when there is no such file, or none that can be read."""
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._known.get(path)
            if known is None or known[0] != stamp:
                known = (stamp, hashlib.sha256(path.read_bytes()).hexdigest())
                self._known[path] = known
            return known[1]
        except OSError:
            return None


def model_names(home: Home) -> list[str]:
    """Every model that has a DAG file which can be read."""
    files = home.dags.glob(f"*/{DAG_FILE}")
    return sorted(path.parent.name for path in files if path.is_file() and os.access(path, os.R_OK))


def current_pin(home: Home, model: str, hashes: SourceHashes | None = None) -> Pin:
    """The pin that new runs of a model take."""
    try:
        pointer = load_pointer(home.compiled / model)
    except PackageError as error:
        return Pin(digest=None, why=str(error))
    why = stale_because(home.dags / model, pointer, hashes or SourceHashes())
    return Pin(digest=pointer.digest, stale=bool(why), why=why)


def stale_because(folder: Path, pointer: Pointer, hashes: SourceHashes) -> str:
    """Why the compiled pipeline lags behind its sources; empty when it does not."""
    if pointer.failure:
        return f"the newest sources could not be compiled: {pointer.failure}"
    now = {name: hashes.of(path) for name, path in source_files(folder).items()}
    names = sorted(now.keys() | pointer.sources.keys())
    changed = [name for name in names if now.get(name) != pointer.sources.get(name)]
    return f"changed since the compilation: {', '.join(changed)}" if changed else ""


def pin_of_dag_file(dag_file: Path, home: Home) -> Pin:
    """The pin beside a published DAG file, or else the current one.

    Raises:
      PackageError: the model was never compiled.
    """
    beside = dag_file.parent / PIN_FILE
    model = dag_file.parent.name
    pin = Pin.read(beside) if beside.exists() else current_pin(home, model)
    if pin.digest is None:
        raise PackageError(
            pin.why
            or f"Model '{model}' has no {POINTER_FILE}. Compile it: tfx-airflow compile {model}"
        )
    return pin
