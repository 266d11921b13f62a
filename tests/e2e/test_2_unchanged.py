"""The same run again, from the command line."""

from __future__ import annotations

from tests.e2e.deployment import MODEL, Deployment, run_id_of

HEAVY_NODES = ("ExampleGen", "StatisticsGen", "Transform", "Trainer")


def test_a_second_unchanged_run_takes_cached_results_and_pushes_nothing(
    deployment: Deployment,
) -> None:
    before = deployment.versions()
    done = deployment.command("run", MODEL, "--param", "train_steps=300")
    assert done.returncode == 0, done.stdout + done.stderr
    run_id = run_id_of(done.stderr)
    states = {node: deployment.result(run_id, node).get("state") for node in HEAVY_NODES}
    assert states == dict.fromkeys(HEAVY_NODES, "cached")
    assert deployment.versions() == before
    assert "nothing pushed" in done.stdout
    assert "AUC: 0.9" in done.stdout
    assert "passed (at least 0.85" in done.stdout
    assert f"{deployment.address}/dags/{MODEL}/runs/{run_id}" in done.stdout
