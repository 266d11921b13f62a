"""What every process of the local Airflow imports when it starts, as `airflow_local_settings`."""

from __future__ import annotations

import importlib
import sys

import tfx_airflow.deployment.savepoints  # noqa: F401

# Airflow would look for policies.
__all__: list[str] = []

# Tasks are forked from the scheduler. Each task of a push would import Google's client: seconds.
_PRELOADED = "google.cloud.aiplatform_v1"

if sys.argv[1:2] == ["scheduler"]:
    importlib.import_module(_PRELOADED)
