"""VersionPusher: a version appears entirely, once, and only for a blessed model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tensorflow.core.protobuf import saved_model_pb2
from tfx.proto.orchestration import pipeline_pb2
from tfx.types import standard_artifacts

from tfx_components.version_pusher.executor import Executor
from tfx_components.version_pusher.provenance import Provenance
from tfx_components.version_pusher.versions import fingerprint, publish, read_versions
from tfx_contract.compiled import CodeOrigin
from tfx_contract.errors import NodeFailed
from tfx_contract.manifest import VersionManifest
from tfx_contract.node import Run


@pytest.fixture
def model(tmp_path: Path) -> standard_artifacts.Model:
    return _model(tmp_path / "model", b"weights")


def test_a_blessed_model_becomes_a_version_with_its_manifest(
    model: standard_artifacts.Model, tmp_path: Path
) -> None:
    pushed = _push(tmp_path, model, version=7)
    [manifest] = read_versions(tmp_path / "root" / "versions")
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_string_custom_property("pushed_version") == "7"
    assert (manifest.version, manifest.model, manifest.run.run_id) == (7, "taxi", "monday")
    assert manifest.signatures == ["serving_default"]
    assert manifest.hyperparameters == {"learning_rate": 0.1}
    copy = Path(pushed.get_string_custom_property("pushed_destination")) / "model"
    assert fingerprint(copy) == manifest.model_fingerprint


@pytest.mark.parametrize("which", ["model_blessing", "infra_blessing"])
def test_without_a_blessing_nothing_is_pushed(
    which: str, model: standard_artifacts.Model, tmp_path: Path
) -> None:
    pushed = _push(tmp_path, model, version=7, not_blessed=which)
    assert pushed.get_int_custom_property("pushed") == 0
    assert "did not bless" in pushed.get_string_custom_property("reason")
    assert read_versions(tmp_path / "root" / "versions") == []


def test_a_retry_after_the_version_appeared_gives_the_same_version(
    model: standard_artifacts.Model, tmp_path: Path
) -> None:
    _push(tmp_path, model, version=7)
    manifest = tmp_path / "root" / "versions" / "7" / "manifest.json"
    before = manifest.read_bytes()
    pushed = _push(tmp_path, model, version=7)
    assert pushed.get_int_custom_property("pushed") == 1
    assert manifest.read_bytes() == before


def test_the_same_model_is_not_pushed_twice(
    model: standard_artifacts.Model, tmp_path: Path
) -> None:
    _push(tmp_path, model, version=7)
    pushed = _push(tmp_path, model, version=12)
    assert pushed.get_int_custom_property("pushed") == 0
    assert "version 7, the newest, is the same model" in pushed.get_string_custom_property("reason")
    assert pushed.get_string_custom_property("pushed_version") == "7"
    assert [m.version for m in read_versions(tmp_path / "root" / "versions")] == [7]


def test_an_older_model_that_comes_back_is_pushed_again(
    model: standard_artifacts.Model, tmp_path: Path
) -> None:
    other = _model(tmp_path / "other", b"other weights")
    for version, candidate in ((7, model), (12, other), (20, model)):
        _push(tmp_path, candidate, version=version)
    assert [m.version for m in read_versions(tmp_path / "root" / "versions")] == [20, 12, 7]


def test_the_manifest_names_the_version_that_was_the_baseline(
    model: standard_artifacts.Model, tmp_path: Path
) -> None:
    _push(tmp_path, model, version=7)
    _push(tmp_path, _model(tmp_path / "new", b"new"), version=12, baseline=model)
    assert read_versions(tmp_path / "root" / "versions")[0].baseline_version == 7


def test_a_push_killed_half_way_leaves_no_version_and_the_next_one_succeeds(
    tmp_path: Path,
) -> None:
    model, versions = tmp_path / "big", tmp_path / "versions"
    model.mkdir()
    for number in range(2000):
        (model / f"file{number}").write_text(str(number))
    manifest = _manifest(5, model)
    manifest.write(tmp_path / "manifest.json")
    other = versions / ".draft-6-of-another-execution"
    other.mkdir(parents=True)
    _start_and_kill(model, versions, tmp_path / "manifest.json")
    assert not (versions / "5").exists()
    assert read_versions(versions) == []
    assert list(versions.glob(".draft-5-*"))

    publish(versions, model, manifest)

    assert [m.version for m in read_versions(versions)] == [5]
    assert list(versions.glob(".draft-*")) == [other]


def test_an_incomplete_copy_never_becomes_a_version(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "saved_model.pb").write_bytes(b"all of it")
    manifest = _manifest(5, model)
    (model / "saved_model.pb").write_bytes(b"half")
    with pytest.raises(NodeFailed, match="not complete"):
        publish(tmp_path / "versions", model, manifest)
    assert list((tmp_path / "versions").iterdir()) == []


def _start_and_kill(model: Path, versions: Path, manifest: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from tfx_components.version_pusher.versions import publish\n"
        "from tfx_contract.manifest import VersionManifest\n"
        "model, versions, manifest = map(Path, sys.argv[1:])\n"
        "publish(versions, model, VersionManifest.read(manifest))\n"
    )
    command = [sys.executable, "-c", code, str(model), str(versions), str(manifest)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(root)}) as process:
        while process.poll() is None and not list(versions.glob(".draft-5-*/model/file*")):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def _manifest(version: int, model: Path) -> VersionManifest:
    return VersionManifest(
        model="taxi",
        version=version,
        model_fingerprint=fingerprint(model),
        created_at="",
        run=Run(dag_id="taxi", run_id="monday"),
        pipeline_digest="",
        modules_digest="",
        origin=CodeOrigin(),
        data=[],
        artifacts={},
        executions={},
        hyperparameters={},
        parameters={},
        metrics=[],
        signatures=[],
    )


def _model(folder: Path, weights: bytes) -> standard_artifacts.Model:
    proto = saved_model_pb2.SavedModel()
    proto.meta_graphs.add().signature_def["serving_default"].SetInParent()
    serving = folder / "Format-Serving"
    (serving / "variables").mkdir(parents=True)
    (serving / "saved_model.pb").write_bytes(proto.SerializeToString())
    (serving / "variables" / "variables.index").write_bytes(weights)
    model = standard_artifacts.Model()
    model.uri = str(folder)
    return model


def _push(
    folder: Path,
    model: standard_artifacts.Model,
    version: int,
    not_blessed: str = "",
    baseline: standard_artifacts.Model | None = None,
) -> standard_artifacts.PushedModel:
    inputs = {"model": [model], **({"baseline": [baseline]} if baseline else {})}
    for name, kind in (
        ("model_blessing", standard_artifacts.ModelBlessing),
        ("infra_blessing", standard_artifacts.InfraBlessing),
    ):
        blessing = kind()
        blessing.set_int_custom_property("blessed", int(name != not_blessed))
        inputs[name] = [blessing]
    pushed = standard_artifacts.PushedModel()
    pushed.uri = str(folder / "root" / "Pusher" / "pushed_model" / str(version))
    provenance = Provenance(executions={"Pusher": version}, hyperparameters={"learning_rate": 0.1})
    properties = {"provenance": provenance.model_dump_json()}
    Executor(_context()).Do(inputs, {"pushed_model": [pushed]}, properties)
    return pushed


def _context() -> Executor.Context:
    node = pipeline_pb2.PipelineNode(node_info=pipeline_pb2.NodeInfo(id="Pusher"))
    return Executor.Context(
        pipeline_node=node,
        pipeline_info=pipeline_pb2.PipelineInfo(id="taxi"),
        pipeline_run_id="monday",
    )
