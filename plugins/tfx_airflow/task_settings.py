"""What all tasks of a model's DAGs have in common."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from tfx_contract.compiled import Package


def task_settings(package: Package, folder: Path) -> dict[str, Any]:
    """Arguments of an operator of ours.

    Args:
      package: The compiled pipelines of the model.
      folder: Where they lie.
    """
    execution = package.spec.execution
    return {
        "model": package.model,
        "package": str(folder),
        "owner": package.spec.owner,
        "retries": execution.retries,
        "retry_delay": timedelta(seconds=execution.retry_delay_seconds),
        "execution_timeout": timedelta(minutes=execution.timeout_minutes),
    }
