"""The other models: tuning, spans, batch scoring."""

from __future__ import annotations

import json

from tests.e2e.deployment import Deployment, run_id_of

WINE = "wine"
DIABETES = "diabetes"


def test_a_run_that_is_asked_to_tunes_and_the_next_one_takes_what_it_found(
    deployment: Deployment,
) -> None:
    tuned = deployment.command("run", WINE, "--tune")
    assert tuned.returncode == 0, tuned.stdout + tuned.stderr
    assert len(deployment.versions(WINE)) == 1
    assert deployment.tasks(run_id_of(tuned.stderr), WINE)["Tuner"].state == "success"
    again = deployment.command("run", WINE)
    assert again.returncode == 0, again.stdout + again.stderr
    tasks = deployment.tasks(run_id_of(again.stderr), WINE)
    assert tasks["Tuner"].state == "skipped"
    assert tasks["BestHyperparameters"].state == "success"
    assert "nothing pushed" in again.stdout


def test_new_rows_are_scored_by_the_pushed_version(deployment: Deployment) -> None:
    (version,) = deployment.versions(WINE)
    done = deployment.command("score", WINE)
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = (deployment.home.root / "scored" / WINE).rglob("scored.json")
    scored = json.loads(record.read_text())
    rows = [json.loads(line) for line in (record.parent / "rows.jsonl").read_text().splitlines()]
    assert str(scored["version"]) == version
    assert scored["rows"] == len(rows) > 0


def test_a_run_learns_from_the_span_of_its_day(deployment: Deployment) -> None:
    done = deployment.command("run", DIABETES)
    assert done.returncode == 0, done.stdout + done.stderr
    tasks = deployment.tasks(run_id_of(done.stderr), DIABETES)
    assert tasks["ExampleGen"].state == "success"
    assert tasks["Evaluator"].state == "success"
