"""Where the log and its secret key are, for whoever writes and whoever reads."""

from __future__ import annotations

import os
from pathlib import Path

_FILE = "request_log.db"
_KEY_FILE = "request_log.key"


def log_url(folder: Path) -> str:
    """The log's SQLAlchemy URL: `TFX_AIRFLOW_REQUEST_LOG`, or a file in the endpoint's folder."""
    return os.environ.get("TFX_AIRFLOW_REQUEST_LOG") or f"sqlite:///{folder.resolve() / _FILE}"


def key_file(folder: Path) -> Path:
    """The key of the hashes, in the endpoint's folder."""
    return folder / _KEY_FILE
