"""The baseline of a candidate is the model that answers requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tfx.components.evaluator import constants
from tfx.types import standard_artifacts

from tests.tfx.harness import WorkerProcess
from tests.tfx.model_runs import ModelRuns, failed
from tfx_components.live_baseline import LiveBaseline
from tfx_components.version_pusher.versions import fingerprint, publish
from tfx_contract.compiled import CodeOrigin
from tfx_contract.deployments import DeploymentEvent, Happened, append_event
from tfx_contract.manifest import GOLDEN_FILE, GoldenAnswers, VersionManifest
from tfx_contract.node import ArtifactRecord, NodeResult, Run
from tfx_contract.serving_spec import Target

Results = dict[str, NodeResult]


class Trained:
    """Blessed models of one pipeline, some of them versions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.versions = folder / "versions"
        self.models: list[standard_artifacts.Model] = []

    def train(self, number: int, weights: bytes = b"", version: int | None = None) -> None:
        model = standard_artifacts.Model()
        model.id, model.uri = number, str(self.folder / str(number))
        serving = Path(model.uri) / "Format-Serving"
        serving.mkdir(parents=True)
        (serving / "saved_model.pb").write_bytes(weights or b"model %d" % number)
        self.models.append(model)
        if version:
            publish(self.versions, serving, _manifest(version, model, serving))

    def happened(self, version: int, what: Happened) -> None:
        _happened(self.versions, version, what)

    def baseline(self) -> list[int]:
        """The ids of the models that are found: one, or none."""
        blessings = [_blessing(model.id) for model in self.models]
        found = LiveBaseline(str(self.versions)).resolve_artifacts(
            None, {"model": list(self.models), "model_blessing": blessings}
        )
        return [model.id for model in found["model"]]


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    """Model 1 is version 5, model 2 is version 6, model 3 was blessed and not pushed."""
    models = Trained(tmp_path)
    models.train(1, version=5)
    models.train(2, version=6)
    models.train(3)
    return models


def test_before_a_first_deployment_it_is_the_newest_blessed_model(trained: Trained) -> None:
    assert trained.baseline() == [3]


def test_without_any_model_there_is_none(tmp_path: Path) -> None:
    assert Trained(tmp_path).baseline() == []


def test_it_is_the_live_version_whatever_is_newer(trained: Trained) -> None:
    trained.happened(5, Happened.PROMOTED)
    assert trained.baseline() == [1]
    trained.happened(6, Happened.PROMOTED)
    assert trained.baseline() == [2]


def test_after_a_rollback_it_is_the_version_that_is_live_again(trained: Trained) -> None:
    trained.happened(5, Happened.PROMOTED)
    trained.happened(6, Happened.PROMOTED)
    trained.happened(6, Happened.ROLLED_BACK)
    assert trained.baseline() == [1]


def test_a_refused_version_is_none_and_neither_is_its_model_trained_again(
    trained: Trained,
) -> None:
    trained.train(4, weights=b"model 4", version=9)
    trained.train(5, weights=b"model 4")
    trained.happened(9, Happened.REFUSED)
    assert trained.baseline() == [3]


def test_when_all_were_refused_there_is_none(tmp_path: Path) -> None:
    models = Trained(tmp_path)
    models.train(1, version=5)
    models.happened(5, Happened.REFUSED)
    assert models.baseline() == []


def test_a_live_version_that_this_mlmd_never_saw_gives_way_to_the_newest_blessed(
    trained: Trained,
) -> None:
    trained.happened(5, Happened.PROMOTED)
    trained.models[0].uri = "/another/model/of/the/same/id"
    assert trained.baseline() == [3]


@pytest.fixture(scope="module")
def wine(worker: WorkerProcess, tmp_path_factory: pytest.TempPathFactory) -> ModelRuns:
    """Version 1 was live, version 2 as well, and version 2 was rolled back."""
    model = ModelRuns("wine", tmp_path_factory.mktemp("wine"), worker)
    for run_id, seed in (("monday", 17), ("tuesday", 18)):
        _seeded(model, seed)
        assert failed(model.run(run_id)) == {}
        _happened(_folder(model), model.versions()[0].version, Happened.PROMOTED)
    _happened(_folder(model), model.versions()[0].version, Happened.ROLLED_BACK)
    return model


@pytest.fixture(scope="module")
def unchanged(wine: ModelRuns) -> Results:
    return wine.run("wednesday")


@pytest.fixture(scope="module")
def third(wine: ModelRuns, unchanged: Results) -> Results:
    _seeded(wine, 19)
    return wine.run("thursday")


def test_the_second_version_was_compared_with_the_first(wine: ModelRuns) -> None:
    second, first = wine.versions()
    assert first.baseline_version is None
    assert second.baseline_version == first.version


def test_an_unchanged_run_after_the_rollback_compares_with_the_first_and_pushes_nothing(
    wine: ModelRuns, unchanged: Results
) -> None:
    second, first = wine.versions()
    assert failed(unchanged) == {}
    assert _baseline(unchanged) == first.artifacts["model"].id
    assert f"version {second.version}, refused or rolled back" in str(
        unchanged["Pusher"].summary["reason"]
    )


def test_a_version_after_the_rollback_is_compared_with_the_one_that_is_live(
    wine: ModelRuns, third: Results
) -> None:
    assert failed(third) == {}
    newest, _, first = wine.versions()
    assert newest.baseline_version == first.version
    assert newest.artifacts["baseline"].id == first.artifacts["model"].id
    by_name = {metric.name: metric for metric in newest.metrics}
    once = {metric.name: metric for metric in first.metrics}
    loss = "SparseCategoricalCrossentropy"
    assert by_name[loss].baseline == pytest.approx(once[loss].value)


def test_a_run_from_the_evaluator_looks_at_what_is_live_now(
    wine: ModelRuns, third: Results
) -> None:
    newest = wine.versions()[0]
    _happened(_folder(wine), newest.version, Happened.PROMOTED)
    reused = ["Baseline", "Trainer"]
    again = wine.run_node("Baseline", "friday", reuse=reused)
    assert again.outputs["model"][0].id == newest.artifacts["model"].id


def test_a_pushed_version_says_how_it_is_called_and_what_it_answers(
    wine: ModelRuns, third: Results
) -> None:
    newest = wine.versions()[0]
    folder = _folder(wine) / str(newest.version)
    answers = GoldenAnswers.read(folder / GOLDEN_FILE)
    shape = newest.signature_shapes[answers.signature]
    instances: list[Any] = answers.instances
    assert answers.signature == "serving_json"
    assert [set(instance) for instance in instances] == [set(shape.inputs)] * 6
    assert instances[4] == dict.fromkeys(shape.inputs)
    signature = tf.saved_model.load(str(folder / "model")).signatures["serving_json"]
    columns = {
        name: tf.constant([row[name] if row[name] is not None else float("nan") for row in rows])
        for rows in [instances]
        for name in shape.inputs
    }
    outputs = signature(**{name: tf.cast(c, tf.float64) for name, c in columns.items()})
    predictions: list[Any] = answers.predictions
    assert outputs["cultivar"].numpy().tolist() == [row["cultivar"] for row in predictions]
    tf.debugging.assert_near(
        outputs["probabilities"], [row["probabilities"] for row in predictions]
    )


def _seeded(model: ModelRuns, seed: int) -> None:
    text = (model.folder / "model.yaml").read_text()
    old = next(line for line in text.splitlines() if line.strip().startswith("seed:"))
    model.edit("model.yaml", old, f"    seed: {seed}")
    model.compile()


def _folder(model: ModelRuns) -> Path:
    return model.home / "models" / model.name


def _baseline(results: Results) -> int:
    [model] = results["Baseline"].outputs["model"]
    return model.id


def _happened(versions: Path, version: int, what: Happened) -> None:
    event = DeploymentEvent(version=version, happened=what, target=Target.LOCAL, by="test")
    append_event(versions, event)


def _blessing(model: int) -> standard_artifacts.ModelBlessing:
    blessing = standard_artifacts.ModelBlessing()
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model)
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, 1)
    return blessing


def _manifest(version: int, model: standard_artifacts.Model, saved: Path) -> VersionManifest:
    return VersionManifest(
        model="wine",
        version=version,
        model_fingerprint=fingerprint(saved),
        created_at="",
        run=Run(dag_id="wine", run_id="monday"),
        pipeline_digest="",
        modules_digest="",
        origin=CodeOrigin(),
        data=[],
        artifacts={"model": ArtifactRecord(id=model.id, type="Model", uri=model.uri)},
        executions={},
        hyperparameters={},
        parameters={},
        metrics=[],
        signatures=[],
    )
