"""The command line: `tfx-airflow COMMAND`."""

from __future__ import annotations

from tfx_airflow.cli.app import app

__all__ = ["app"]
