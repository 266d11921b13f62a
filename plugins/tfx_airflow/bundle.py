"""The DAG bundle that pins each Airflow run to the compiled pipelines it started with."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.base import BaseDagBundle, BundleVersion
from airflow.sdk.exceptions import AirflowException

from tfx_airflow.snapshots import Snapshots
from tfx_contract.home import Home


class CompiledDagBundle(BaseDagBundle):
    """Publishes snapshots of `dags/`, and serves one of them for each version."""

    supports_versioning = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._snapshots = Snapshots(Home.from_environment())
        self._current: str | None = self.version

    def initialize(self) -> None:
        """Publishes the present state, or finds the version asked for.

        Raises:
          AirflowException: the snapshot of the version asked for is gone.
        """
        # The DAG processor forks a child for every file: what it has imported, no child imports.
        importlib.import_module("tfx_airflow.dags")
        if self.version is None:
            self.refresh()
        elif not self._snapshots.path(self.version).is_dir():
            raise AirflowException(
                f"Bundle '{self.name}' has no snapshot {self.version} in "
                f"{self._snapshots.path(self.version).parent}; the run that was pinned to it "
                f"cannot go on. Trigger a new run."
            )
        super().initialize()

    def refresh(self) -> None:
        """Takes up what was edited or compiled since."""
        if self.version is not None:
            raise AirflowException(
                f"Bundle '{self.name}' is pinned to version {self.version} and cannot be refreshed."
            )
        published = self._snapshots.publish()
        if published != self._current and self.is_initialized:
            self._snapshots.announce(published)
        self._current = published

    @property
    def path(self) -> Path:
        """The folder of the snapshot."""
        return self._snapshots.path(self._current or self._snapshots.publish())

    def get_current_version(self) -> BundleVersion | None:
        """The snapshot's version."""
        return BundleVersion(version=self._current) if self._current else None
