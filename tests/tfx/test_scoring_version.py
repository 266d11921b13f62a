"""Batch scoring: which version scores."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from tfx_components.version_importer.choice import choose_version
from tfx_components.version_importer.executor import Executor as Importer
from tfx_components.version_pusher.versions import fingerprint
from tfx_contract.compiled import CodeOrigin
from tfx_contract.deployments import DeploymentEvent, Happened, append_event
from tfx_contract.errors import InputError
from tfx_contract.manifest import VersionManifest
from tfx_contract.node import ArtifactRecord, Run
from tfx_contract.serving_spec import Target


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """A folder with the versions 3 and 12."""
    folder = tmp_path / "models" / "wine"
    for version in (3, 12):
        _push(folder, version)
    return folder


def test_before_a_first_deployment_the_newest_version_is_chosen(versions: Path) -> None:
    assert _chosen(versions) == 12


def test_what_answers_requests_scores_rows_too(versions: Path) -> None:
    _happened(versions, 3, Happened.PROMOTED)
    assert _chosen(versions) == 3
    _happened(versions, 12, Happened.PROMOTED)
    assert _chosen(versions) == 12
    _happened(versions, 12, Happened.ROLLED_BACK)
    assert _chosen(versions) == 3


def test_a_version_that_was_refused_before_any_was_live_scores_nothing(versions: Path) -> None:
    _happened(versions, 12, Happened.REFUSED)
    assert _chosen(versions) == 3
    _happened(versions, 3, Happened.REFUSED)
    assert choose_version(versions) is None


def _chosen(versions: Path) -> int | None:
    chosen = choose_version(versions)
    return chosen.version if chosen else None


def _happened(versions: Path, version: int, what: Happened) -> None:
    event = DeploymentEvent(version=version, happened=what, target=Target.LOCAL, by="test")
    append_event(versions, event)


def test_a_version_is_imported_as_a_model_that_knows_its_number(
    versions: Path, tmp_path: Path
) -> None:
    model = _import(versions, tmp_path, version=12)
    assert model.get_int_custom_property("version") == 12
    copy = Path(model.uri) / "Format-Serving"
    assert fingerprint(copy) == model.get_string_custom_property("model_fingerprint")


def test_without_a_version_it_says_which_dag_makes_one(tmp_path: Path) -> None:
    versions = tmp_path / "models" / "wine"
    assert choose_version(versions) is None
    with pytest.raises(InputError, match=r"no version of this model was pushed yet.*DAG 'wine'"):
        _import(versions, tmp_path, version=None)


def test_a_signature_that_the_version_does_not_have_is_refused(
    versions: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"found 'serve'; version 12 of 'wine' has serving_def"):
        _import(versions, tmp_path, version=12, signature="serve")


def test_a_version_that_somebody_changed_scores_nothing(versions: Path, tmp_path: Path) -> None:
    (versions / "12" / "model" / "saved_model.pb").write_bytes(b"another one")
    with pytest.raises(InputError, match="not the one that its manifest names"):
        _import(versions, tmp_path, version=12)


def test_a_version_whose_schema_is_gone_is_refused(versions: Path, tmp_path: Path) -> None:
    shutil.rmtree(versions.parent / "schema")
    with pytest.raises(InputError, match=r"schema that it learned with.*it is gone"):
        _import(versions, tmp_path, version=12)


def _push(folder: Path, version: int) -> None:
    model = folder / str(version) / "model"
    model.mkdir(parents=True)
    (model / "saved_model.pb").write_bytes(b"version %d" % version)
    VersionManifest(
        model="wine",
        version=version,
        model_fingerprint=fingerprint(model),
        created_at="",
        run=Run(dag_id="wine", run_id="monday"),
        pipeline_digest="",
        modules_digest="",
        origin=CodeOrigin(),
        data=[],
        artifacts={"schema": ArtifactRecord(id=1, type="Schema", uri=str(_schema(folder)))},
        executions={},
        hyperparameters={},
        parameters={},
        metrics=[],
        signatures=["serving_default", "serving_json"],
    ).write(model.parent / "manifest.json")


def _schema(versions: Path) -> Path:
    folder = versions.parent / "schema"
    folder.mkdir(exist_ok=True)
    (folder / "schema.pbtxt").write_text('feature { name: "fare" type: FLOAT }')
    return folder


def _import(
    versions: Path, folder: Path, version: int | None, signature: str = "serving_default"
) -> standard_artifacts.Model:
    model, schema = standard_artifacts.Model(), standard_artifacts.Schema()
    model.uri, schema.uri = str(folder / "imported"), str(folder / "imported_schema")
    properties = {"versions": str(versions), "version": version, "signature": signature}
    Importer().Do({}, {"model": [model], "schema": [schema]}, properties)
    return model
