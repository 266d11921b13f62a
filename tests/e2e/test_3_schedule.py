"""A run that nobody triggered."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.deployment import MODEL, Deployment, eventually

SCHEDULED = "scheduled_taxi"


def test_a_scheduled_run_needs_no_conf(deployment: Deployment) -> None:
    folder = deployment.home.dags / SCHEDULED
    shutil.copytree(deployment.home.dags / MODEL, folder)
    # Due now, and not again within a year.
    now = datetime.now(UTC)
    _edit(folder / "model.yaml", f"{now:%-M %-H %-d %-m} *")
    deployment.up()
    with deployment.api() as api:
        run = eventually(lambda: api.last_run(SCHEDULED), "the schedule fires", 60)
    assert run["run_type"] == "scheduled"
    assert run["conf"] in (None, {})
    deployment.assert_succeeds(run["dag_run_id"], SCHEDULED)
    assert len(deployment.versions(SCHEDULED)) == 1


def _edit(path: Path, schedule: str) -> None:
    spec: dict[str, Any] = yaml.safe_load(path.read_text())
    spec["schedule"], spec["timezone"] = schedule, "UTC"
    spec["training"]["steps"] = 300
    path.write_text(yaml.safe_dump(spec))
