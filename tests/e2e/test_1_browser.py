"""A person with a browser: log in, fill in the form, watch the run turn green."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.airflow_ui import open_ui
from tests.e2e.deployment import MODEL, Deployment, manifest_of

# Where to put a picture of the finished graph; the README's is made with it.
SCREENSHOT_VARIABLE = "TFX_AIRFLOW_SCREENSHOT"


def test_a_run_that_was_triggered_in_the_browser_pushes_a_version(
    deployment: Deployment, tmp_path: Path
) -> None:
    assert stat.S_IMODE(deployment.layout.passwords.stat().st_mode) == 0o600
    with open_ui(deployment, tmp_path / "profile") as ui:
        ui.open_form()
        assert ui.field("train_steps").get_attribute("role") == "spinbutton"
        assert ui.field("learning_rate").get_attribute("role") == "spinbutton"
        expect(ui.field("train_steps")).to_have_value("1000")
        expect(ui.field("learning_rate")).to_have_value("0.001")
        expect(ui.field("data_uri")).to_have_value(
            "package://tfx/examples/chicago_taxi_pipeline/data/simple"
        )
        assert ui.field("force_full_run").get_attribute("type") == "checkbox"
        ui.field("train_steps").fill("300")
        ui.field("train_steps").blur()
        run_id = ui.submit_form()
        deployment.assert_succeeds(run_id)
        ui.open_graph(run_id)
        for node in deployment.tasks(run_id):
            expect(ui.node(node)).to_contain_text("success", ignore_case=True)
        if SCREENSHOT_VARIABLE in os.environ:
            ui.picture(Path(os.environ[SCREENSHOT_VARIABLE]))

    with deployment.api() as api:
        conf = api.run(MODEL, run_id)["conf"]
    assert conf["train_steps"] == 300
    (version,) = deployment.versions()
    manifest = manifest_of(deployment.home.versions(MODEL) / version)
    assert manifest["run"]["run_id"] == run_id
    assert manifest["hyperparameters"]["train_steps"] == 300
    assert {"serving_default", "serving_json", "serving_transformed"} <= set(manifest["signatures"])
