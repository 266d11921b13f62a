"""Which environments there are, where they lie and what goes into them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Environment:
    """One Python environment of the project."""

    name: str
    folder: Path
    lock: Path
    dev_lock: Path
    import_paths: tuple[Path, ...]
    console_script: str | None
    disk_gib: float

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def marker(self) -> Path:
        return self.folder / "tfx_airflow_environment.json"


@dataclass(frozen=True)
class Layout:
    """The files and folders of set-up inside one project."""

    root: Path = PROJECT_ROOT

    @property
    def own_folder(self) -> Path:
        """Holds the tools of set-up and the file that keeps two set-ups apart."""
        return self.root / ".venv-setup"

    @property
    def tools_lock(self) -> Path:
        return self.root / "requirements-setup.txt"

    @property
    def airflow(self) -> Environment:
        return Environment(
            name="airflow",
            folder=self.root / ".venv",
            lock=self.root / "requirements.txt",
            dev_lock=self.root / "requirements-dev.txt",
            import_paths=(self.root, self.root / "plugins"),
            console_script="tfx_airflow.cli:app",
            disk_gib=3,
        )

    @property
    def tfx(self) -> Environment:
        return Environment(
            name="tfx",
            folder=self.root / ".venv-tfx",
            lock=self.root / "requirements-tfx.txt",
            dev_lock=self.root / "requirements-tfx-dev.txt",
            import_paths=(self.root,),
            console_script=None,
            disk_gib=6,
        )

    @property
    def environments(self) -> tuple[Environment, ...]:
        return (self.airflow, self.tfx)
