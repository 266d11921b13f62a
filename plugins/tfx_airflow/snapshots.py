"""Snapshots of what Airflow runs: every model's DAG file, and the digest it is rendered from.

A snapshot is a folder `<version>/<model>/` with `dag.py` and `compiled.json`, named by its content
and never changed. Airflow pins a run to a version, so the run keeps its compiled pipelines.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from tfx_airflow.pins import DAG_FILE, PIN_FILE, Pin, SourceHashes, current_pin, model_names
from tfx_contract.home import Home

_VERSION_LENGTH = 16
_PARSE_AGAIN_SECONDS = 2.0


class Snapshots:
    """Publishes snapshots of one home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._hashes = SourceHashes()

    def path(self, version: str) -> Path:
        """The folder of a version."""
        return self._home.snapshots / version

    def publish(self) -> str:
        """Makes sure that a snapshot of the present state exists; returns its version."""
        pins = {
            model: current_pin(self._home, model, self._hashes) for model in model_names(self._home)
        }
        version = self._version(pins)
        if not self.path(version).exists():
            self._materialise(version, pins)
        return version

    def announce(self, version: str) -> None:
        """Has Airflow's DAG processor parse every DAG file of a version soon.

        It looks for files changed after their last parse. The time lies a little ahead, so that a
        parse of the previous version that is under way cannot pass for one of this version.
        """
        soon = time.time() + _PARSE_AGAIN_SECONDS
        for dag_file in self.path(version).glob(f"*/{DAG_FILE}"):
            os.utime(dag_file, (soon, soon))

    def _version(self, pins: dict[str, Pin]) -> str:
        content = {
            model: [self._hashes.of(self._home.dags / model / DAG_FILE), pin.model_dump()]
            for model, pin in pins.items()
        }
        text = json.dumps(content, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:_VERSION_LENGTH]

    def _materialise(self, version: str, pins: dict[str, Pin]) -> None:
        self._home.snapshots.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=self._home.snapshots, prefix=f".{version}."))
        making.chmod(0o755)
        try:
            for model, pin in pins.items():
                pin.write(making / model / PIN_FILE)
                shutil.copyfile(self._home.dags / model / DAG_FILE, making / model / DAG_FILE)
            making.rename(self.path(version))
        except OSError:
            # Another process may have published the same version meanwhile.
            shutil.rmtree(making, ignore_errors=True)
            if not self.path(version).exists():
                raise


def snapshot_note(version: str) -> str:
    """What an import error says of the snapshot that it comes from."""
    return f"In snapshot {version}"
