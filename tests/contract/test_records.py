"""Records on disk: what is written is read again, and damage is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from tfx_contract.compiled import (
    PACKAGE_FILE,
    POINTER_FILE,
    TRAIN,
    CompiledPipeline,
    NodeRecord,
    Package,
    Pointer,
    load_package,
    load_pointer,
)
from tfx_contract.errors import PackageError
from tfx_contract.home import Home
from tfx_contract.model_spec import StandardModelSpec
from tfx_contract.node import ArtifactRecord, Failure, NodeRequest, NodeResult, NodeState, Run
from tfx_contract.parameters import ParameterSpec, ParameterType
from tfx_contract.record import write_atomically

SPEC = StandardModelSpec.model_validate(
    {
        "data": {"uri": "data", "label": "tips"},
        "evaluation": {"label": "tips_xf", "metrics": {"AUC": {"minimum": 0.7}}},
    }
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "taxi" / "aaaa1111"
    train = CompiledPipeline(
        nodes=[NodeRecord(id="Trainer", type="Trainer", upstream=["Transform"])],
        parameters={"steps": ParameterSpec(type=ParameterType.INT, bind=["Trainer.x"], default=3)},
    )
    Package(
        model="taxi",
        digest="aaaa1111",
        spec=SPEC,
        pipelines={TRAIN: train},
        modules_digest="m",
        tfx_version="1.21.0",
    ).write(folder / PACKAGE_FILE)
    return folder


def test_a_package_is_read_as_it_was_written(package: Path) -> None:
    found = load_package(package)
    assert found == Package.read(package / PACKAGE_FILE)
    assert found.train.nodes[0].upstream == ["Transform"]


@pytest.mark.parametrize("content", [None, "", "{", '{"model": "taxi"}'])
def test_a_damaged_package_names_its_place_and_the_command(
    package: Path, content: str | None
) -> None:
    path = package / PACKAGE_FILE
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(PackageError, match="tfx-airflow compile taxi") as caught:
        load_package(package)
    assert str(package) in str(caught.value)


def test_a_package_under_another_digest_is_refused(package: Path) -> None:
    moved = package.rename(package.with_name("bbbb2222"))
    with pytest.raises(PackageError, match="says that its digest is aaaa1111"):
        load_package(moved)


def test_a_model_without_a_pointer_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"'taxi' has no .* tfx-airflow compile taxi"):
        load_pointer(tmp_path / "taxi")


def test_a_pointer_is_read_as_it_was_written(tmp_path: Path) -> None:
    pointer = Pointer(digest="a", sources={"model.yaml": "b"}, compiled_at="2026-11-01")
    pointer.write(tmp_path / "taxi" / POINTER_FILE)
    assert load_pointer(tmp_path / "taxi") == pointer


def test_a_request_and_a_result_survive_the_journey_through_json() -> None:
    request = NodeRequest(
        model="taxi",
        node_id="Trainer",
        package="p",
        run=Run(dag_id="taxi", run_id="r"),
        token="t",
        pipeline_root="root",
        metadata="sqlite:///m.db",
        versions="v",
        parameters={"steps": 3, "rate": 0.1, "name": "x", "flag": True},
    )
    assert NodeRequest.model_validate_json(request.model_dump_json()) == request
    result = NodeResult(
        node_id="Trainer",
        state=NodeState.FAILED,
        outputs={"model": [ArtifactRecord(id=1, type="Model", uri="u")]},
        summary={"metrics": []},
        failure=Failure(kind="DataError", message="bad", retryable=False),
    )
    assert NodeResult.model_validate_json(result.model_dump_json()) == result
    assert not result.succeeded


def test_a_flag_does_not_turn_into_a_number_on_its_way() -> None:
    result = ArtifactRecord(id=1, type="t", uri="u", properties={"flag": True, "count": 1})
    found = ArtifactRecord.model_validate_json(result.model_dump_json()).properties
    assert [type(value) for value in found.values()] == [bool, int]


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra"):
        NodeResult.model_validate({"node_id": "a", "state": "complete", "surprise": 1})


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_atomically(tmp_path / "file", "old")

    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_home_moves_as_a_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TFX_AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("TFX_AIRFLOW_METADATA", raising=False)
    home = Home.from_environment()
    assert home.metadata == f"sqlite:///{tmp_path}/metadata.db"
    for place in (home.airflow, home.compiled, home.versions("taxi"), home.pipeline_root("taxi")):
        assert place.is_relative_to(tmp_path)
