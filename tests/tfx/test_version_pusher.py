"""VersionPusher: a version appears entirely, once, and only for a blessed model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
from tfx.proto.orchestration import pipeline_pb2
from tfx.types import standard_artifacts

from tfx_components.version_pusher.executor import Executor
from tfx_components.version_pusher.provenance import Provenance
from tfx_components.version_pusher.versions import fingerprint, publish, read_versions
from tfx_contract.compiled import CodeOrigin
from tfx_contract.deployments import DeploymentEvent, Happened, append_event
from tfx_contract.errors import NodeFailed
from tfx_contract.manifest import GoldenAnswers, VersionManifest
from tfx_contract.node import Run
from tfx_contract.serving_spec import Target


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


def test_a_version_that_was_rolled_back_is_not_pushed_again_under_another_number(
    model: standard_artifacts.Model, tmp_path: Path
) -> None:
    _push(tmp_path, model, version=7)
    _push(tmp_path, _model(tmp_path / "other", b"other weights"), version=12)
    _happened(tmp_path, (7, Happened.PROMOTED), (12, Happened.PROMOTED), (7, Happened.ROLLED_BACK))
    pushed = _push(tmp_path, model, version=20)
    assert pushed.get_int_custom_property("pushed") == 0
    assert "version 7, refused or rolled back" in pushed.get_string_custom_property("reason")
    assert [m.version for m in read_versions(tmp_path / "root" / "versions")] == [12, 7]


def test_the_live_model_is_not_pushed_again_after_a_newer_one_was_refused(
    model: standard_artifacts.Model, tmp_path: Path
) -> None:
    _push(tmp_path, model, version=7)
    _push(tmp_path, _model(tmp_path / "other", b"other weights"), version=12)
    _happened(tmp_path, (7, Happened.PROMOTED), (12, Happened.REFUSED))
    pushed = _push(tmp_path, model, version=20)
    assert "version 7, the live one, is the same" in pushed.get_string_custom_property("reason")
    assert [m.version for m in read_versions(tmp_path / "root" / "versions")] == [12, 7]


def test_a_model_that_gave_way_to_a_better_one_may_come_back(
    model: standard_artifacts.Model, tmp_path: Path
) -> None:
    _push(tmp_path, model, version=7)
    _push(tmp_path, _model(tmp_path / "other", b"other weights"), version=12)
    _happened(tmp_path, (7, Happened.PROMOTED), (12, Happened.PROMOTED), (7, Happened.RETIRED))
    _push(tmp_path, model, version=20)
    assert [m.version for m in read_versions(tmp_path / "root" / "versions")] == [20, 12, 7]


def test_the_manifest_describes_every_signature_but_the_internal_ones(tmp_path: Path) -> None:
    signature = meta_graph_pb2.SignatureDef()
    _tensor(signature.inputs["examples"], "string", [None])
    _tensor(signature.inputs["scalar"], "float32_ref", [])
    _tensor(signature.inputs["any"], "int64", None)
    signature.inputs["ragged"].composite_tensor.SetInParent()
    _tensor(signature.outputs["score"], "float32", [None, 3])
    _push(tmp_path, _model(tmp_path / "described", b"weights", signature), version=7)
    [manifest] = read_versions(tmp_path / "root" / "versions")
    assert manifest.signatures == ["serving_default"]
    assert manifest.signature_shapes["serving_default"].model_dump() == {
        "inputs": {
            "any": {"dtype": "int64", "shape": None},
            "examples": {"dtype": "string", "shape": [None]},
            "ragged": {"dtype": "composite", "shape": None},
            "scalar": {"dtype": "float32", "shape": []},
        },
        "outputs": {"score": {"dtype": "float32", "shape": [None, 3]}},
    }


def test_a_version_carries_the_golden_answers_that_the_model_check_left(
    model: standard_artifacts.Model, tmp_path: Path
) -> None:
    answers = GoldenAnswers(signature="s", instances=[{"fare": None}], predictions=[0.5])
    answers.write(tmp_path / "infra_blessing" / "golden_answers.json")
    version = Path(_push(tmp_path, model, 7).get_string_custom_property("pushed_destination"))
    assert GoldenAnswers.read(version / "golden_answers.json") == answers
    assert sorted(path.name for path in version.iterdir()) == [
        "golden_answers.json",
        "manifest.json",
        "model",
    ]


def test_of_two_versions_with_the_same_model_the_live_one_was_the_baseline(
    model: standard_artifacts.Model, tmp_path: Path
) -> None:
    _push(tmp_path, model, version=7)
    _push(tmp_path, _model(tmp_path / "other", b"other weights"), version=12)
    _push(tmp_path, model, version=20)
    _happened(tmp_path, (7, Happened.PROMOTED))
    _push(tmp_path, _model(tmp_path / "new", b"new"), version=25, baseline=model)
    assert read_versions(tmp_path / "root" / "versions")[0].baseline_version == 7


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


def _happened(folder: Path, *events: tuple[int, Happened]) -> None:
    for version, happened in events:
        event = DeploymentEvent(version=version, happened=happened, target=Target.LOCAL, by="test")
        append_event(folder / "root" / "versions", event)


def _tensor(info: meta_graph_pb2.TensorInfo, dtype: str, shape: list[int | None] | None) -> None:
    info.dtype = tf.dtypes.as_dtype(dtype).as_datatype_enum
    info.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())


def _model(
    folder: Path, weights: bytes, signature: meta_graph_pb2.SignatureDef | None = None
) -> standard_artifacts.Model:
    proto = saved_model_pb2.SavedModel()
    signatures = proto.meta_graphs.add().signature_def
    signatures["serving_default"].CopyFrom(signature or meta_graph_pb2.SignatureDef())
    signatures["__saved_model_init_op"].SetInParent()
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
        blessing.uri = str(folder / name)
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
