"""The pin: a version of the bundle keeps every DAG's compiled pipeline."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.sdk.exceptions import AirflowException

from tests.airflow.hand_made import write_model, write_package
from tests.airflow.test_dags import parse
from tfx_airflow.bundle import CompiledDagBundle
from tfx_airflow.pins import Pin, SourceHashes, current_pin
from tfx_contract.compiled import POINTER_FILE, load_pointer
from tfx_contract.home import Home


def newest(version: str | None = None) -> CompiledDagBundle:
    bundle = CompiledDagBundle(name="models", refresh_interval=5, version=version)
    bundle.initialize()
    return bundle


def version_of(bundle: CompiledDagBundle) -> str:
    version = bundle.get_current_version()
    assert version is not None
    return version.version


def digest_in(bundle: CompiledDagBundle) -> str | None:
    return Pin.read(bundle.path / "taxi" / "compiled.json").digest


def test_a_run_keeps_its_digest_when_a_new_compilation_lands(home: Home, model: Path) -> None:
    before = version_of(newest())
    write_package(home, digest="bbbb2222")
    after = newest()
    assert version_of(after) != before
    assert digest_in(after) == "bbbb2222"
    pinned = newest(version=before)
    assert digest_in(pinned) == "aaaa1111"
    task = parse(home, pinned.path).dags["taxi"].get_task("Trainer")
    assert task.package == str(model)


def test_refreshing_takes_up_a_new_compilation_and_has_it_parsed_again(
    home: Home, model: Path
) -> None:
    bundle = newest()
    first = version_of(bundle)
    bundle.refresh()
    assert version_of(bundle) == first
    write_package(home, digest="bbbb2222")
    bundle.refresh()
    write_package(home, digest="aaaa1111")
    os.utime(bundle.path.parent / first / "taxi" / "dag.py", (1, 1))
    bundle.refresh()
    assert version_of(bundle) == first
    assert (bundle.path / "taxi" / "dag.py").stat().st_mtime > 1_000_000


def test_an_edit_is_published_as_stale_with_the_old_digest(home: Home, model: Path) -> None:
    bundle = newest()
    write_model(home, description="edited")
    bundle.refresh()
    pin = Pin.read(bundle.path / "taxi" / "compiled.json")
    assert (pin.digest, pin.stale) == ("aaaa1111", True)
    assert "model.yaml" in pin.why


def test_a_model_that_was_never_compiled_is_published_so_that_its_error_shows(home: Home) -> None:
    write_model(home)
    (error,) = parse(home, newest().path).import_errors.values()
    assert "tfx-airflow compile taxi" in error


def test_a_version_that_is_gone_is_an_error_saying_what_to_do(home: Home, model: Path) -> None:
    with pytest.raises(AirflowException, match=r"no snapshot 0123abcd .* Trigger a new run"):
        newest(version="0123abcd")


def test_a_pinned_bundle_cannot_be_refreshed(home: Home, model: Path) -> None:
    with pytest.raises(AirflowException, match="pinned"):
        newest(version=version_of(newest())).refresh()


def test_airflow_builds_the_bundle_from_its_configuration(
    home: Home, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = {
        "name": "models",
        "classpath": "tfx_airflow.bundle.CompiledDagBundle",
        "kwargs": {"refresh_interval": 5},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([item]))
    bundle = DagBundlesManager().get_bundle("models")
    bundle.initialize()
    assert bundle.supports_versioning
    assert bundle.refresh_interval == 5
    assert (bundle.path / "taxi" / "dag.py").exists()


def test_a_failed_compilation_makes_the_last_good_one_stale(home: Home, model: Path) -> None:
    folder = home.compiled / "taxi"
    broken = load_pointer(folder).model_copy(update={"failure": "label: no such column"})
    broken.write(folder / POINTER_FILE)
    pin = current_pin(home, "taxi")
    assert (pin.digest, pin.stale) == ("aaaa1111", True)
    assert "label: no such column" in pin.why


def test_a_source_that_was_deleted_makes_the_pipeline_stale(home: Home, model: Path) -> None:
    (home.dags / "taxi" / "model.yaml").unlink()
    assert current_pin(home, "taxi").stale


def test_an_unchanged_file_is_hashed_once(tmp_path: Path) -> None:
    path, hashes = tmp_path / "file", SourceHashes()
    path.write_text("one")
    first = hashes.of(path)
    stamp = path.stat().st_mtime_ns
    path.write_text("two")
    os.utime(path, ns=(stamp, stamp))
    assert hashes.of(path) == first
    os.utime(path, ns=(stamp + 1, stamp + 1))
    assert hashes.of(path) != first


def _break_pointer(folder: Path, compiled: Path) -> None:
    (compiled / POINTER_FILE).write_bytes(b"\xff\x00")


def _break_package(folder: Path, compiled: Path) -> None:
    (compiled / "aaaa1111" / "package.json").write_text('{"model": 1}')


def _lose_package(folder: Path, compiled: Path) -> None:
    shutil.rmtree(compiled)


def _break_dag_file(folder: Path, compiled: Path) -> None:
    (folder / "dag.py").write_text("from tfx_airflow import airflow_dags(")


def _raise_in_dag_file(folder: Path, compiled: Path) -> None:
    (folder / "dag.py").write_text("from airflow.sdk import DAG\n\nraise SystemExit(3)\n")


def _dangle(folder: Path, compiled: Path) -> None:
    (folder / "dag.py").unlink()
    (folder / "dag.py").symlink_to("/nowhere/dag.py")


def _make_dag_file_a_folder(folder: Path, compiled: Path) -> None:
    (folder / "dag.py").unlink()
    (folder / "dag.py").mkdir()


def _link_sources_in_a_circle(folder: Path, compiled: Path) -> None:
    (folder / "self.py").symlink_to("self.py")


@pytest.mark.parametrize(
    "damage",
    [
        _break_pointer,
        _break_package,
        _lose_package,
        _break_dag_file,
        _raise_in_dag_file,
        _dangle,
        _make_dag_file_a_folder,
        _link_sources_in_a_circle,
    ],
)
def test_one_broken_model_never_hides_another(
    home: Home, model: Path, damage: Callable[[Path, Path], None]
) -> None:
    write_model(home, "broken")
    write_package(home, "broken")
    damage(home.dags / "broken", home.compiled / "broken")
    bag = parse(home, newest().path)
    assert "taxi" in bag.dags
    assert all("/broken/" in name or name.startswith("broken/") for name in bag.import_errors)
