"""The commands that look at what runs have left."""

from __future__ import annotations

from tests.e2e.deployment import MODEL, Deployment
from tfx_airflow.deployment.local import LocalDeployment


def test_schema_proposes_what_the_last_run_inferred(deployment: Deployment) -> None:
    done = deployment.command("schema", MODEL)
    assert done.returncode in (0, 1), done.stderr
    if done.returncode == 1:
        assert "(inferred)" in done.stdout
        assert "\n+" in done.stdout


def test_status_lists_every_component_and_the_last_run(deployment: Deployment) -> None:
    done = deployment.command("status")
    assert done.returncode == 0, done.stderr
    components = LocalDeployment(deployment.home).components()
    for component in components:
        assert component.name in done.stdout
    assert done.stdout.count("up, process") == len(components) == 6
    assert MODEL in done.stdout


def test_doctor_finds_nothing_wrong(deployment: Deployment) -> None:
    done = deployment.command("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BAD" not in done.stdout
