"""Data that must not be learned from."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.e2e.deployment import MODEL, Deployment, run_id_of, taxi_csv


def test_a_missing_column_stops_the_run_at_the_gate(deployment: Deployment, tmp_path: Path) -> None:
    bad = _without_column("fare", tmp_path / "trips")
    before = deployment.versions()
    done = deployment.command("run", MODEL, "--param", f"data_uri={bad.parent}")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "DataGate failed" in done.stderr
    message = done.stderr.partition("DataGate failed")[2]
    assert str(bad) in message
    assert "fare" in message
    tasks = deployment.tasks(run_id_of(done.stderr))
    assert tasks["DataGate"].state == "failed"
    assert tasks["DataGate"].try_number == 1
    assert tasks["Trainer"].state == "upstream_failed"
    assert tasks["Pusher"].state == "upstream_failed"
    assert deployment.versions() == before


def _without_column(column: str, folder: Path) -> Path:
    folder.mkdir()
    path = folder / "data.csv"
    with taxi_csv().open(newline="") as source, path.open("w", newline="") as target:
        rows = csv.DictReader(source)
        kept = [name for name in rows.fieldnames or () if name != column]
        writer = csv.DictWriter(target, kept, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path
