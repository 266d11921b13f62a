"""Where things live: one folder by default, every part of it a setting.

`TFX_AIRFLOW_HOME` moves the whole folder (default: `var/` in the project's root).
`TFX_AIRFLOW_METADATA` names the MLMD database when it is not the embedded SQLite file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Home:
    """The folders and addresses of one installation."""

    root: Path
    dags: Path
    metadata: str

    @classmethod
    def from_environment(cls) -> Home:
        """Reads the settings; every one has a default that works on a laptop."""
        root = Path(os.environ.get("TFX_AIRFLOW_HOME") or PROJECT_ROOT / "var").resolve()
        dags = Path(os.environ.get("TFX_AIRFLOW_DAGS") or PROJECT_ROOT / "dags").resolve()
        metadata = os.environ.get("TFX_AIRFLOW_METADATA") or f"sqlite:///{root / 'metadata.db'}"
        return cls(root=root, dags=dags, metadata=metadata)

    @property
    def airflow(self) -> Path:
        return self.root / "airflow"

    @property
    def compiled(self) -> Path:
        return self.root / "compiled"

    @property
    def snapshots(self) -> Path:
        return self.root / "snapshots"

    @property
    def worker_socket(self) -> Path:
        return self.root / "worker" / "worker.sock"

    @property
    def bench(self) -> Path:
        return self.root / "bench"

    @property
    def endpoint(self) -> Path:
        """The embedded endpoint's state, its token and, by default, the request log."""
        return self.root / "endpoint"

    def pipeline_root(self, model: str) -> Path:
        """The folder of a model's TFX artifacts."""
        return self.root / "pipelines" / model

    def checks(self, model: str) -> Path:
        """The folder of what a model's drift checks found."""
        return self.root / "drift" / model

    def runs(self, model: str) -> Path:
        """The folder of what is known of a model's training runs, one folder a run."""
        return self.root / "runs" / model

    def versions(self, model: str) -> Path:
        """The folder of a model's pushed versions, `<version>/manifest.json` each."""
        return self.root / "models" / model


def tfx_python() -> Path:
    """The interpreter of the TFX environment (`TFX_AIRFLOW_TFX_PYTHON` names another)."""
    return Path(
        os.environ.get("TFX_AIRFLOW_TFX_PYTHON") or PROJECT_ROOT / ".venv-tfx" / "bin" / "python"
    )
