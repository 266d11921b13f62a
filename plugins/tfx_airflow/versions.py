"""The pushed versions of a model, as the files on disk have them."""

from __future__ import annotations

from pathlib import Path

from tfx_contract import deployments
from tfx_contract.errors import SetupError
from tfx_contract.home import Home
from tfx_contract.manifest import MANIFEST_FILE


def newest_version(home: Home, model: str) -> Path:
    """The folder of the newest pushed version.

    Raises:
      SetupError: none was pushed yet.
    """
    folder = home.versions(model)
    found = [
        path.parent for path in folder.glob(f"*/{MANIFEST_FILE}") if path.parent.name.isdecimal()
    ]
    if not found:
        raise SetupError(
            f"Model '{model}' has no pushed version in {folder}. Train it: tfx-airflow run {model}"
        )
    return max(found, key=lambda path: int(path.name))


def live_version(home: Home, model: str) -> Path:
    """The folder of the version that answers requests.

    Raises:
      SetupError: none does.
    """
    newest_version(home, model)
    live = deployments.live_version(home.versions(model))
    if live is None:
        raise SetupError(
            f"Model '{model}' has pushed versions, and none of them is live. "
            f"Take one to the endpoint: tfx-airflow push {model}"
        )
    return home.versions(model) / str(live)
