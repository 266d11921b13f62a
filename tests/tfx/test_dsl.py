"""TFX's pipeline language, feature by feature: each runs, or is refused with what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tfx.foreign import Model, Results, states
from tests.tfx.harness import WorkerProcess
from tfx_contract.compiled import Waits
from tfx_contract.errors import CompileError
from tfx_contract.node import NodeState
from tfx_runtime import ir

# A pipeline of tiny steps; every test adds its own to `nodes`.
PRELUDE = """
from pathlib import Path

from tfx import v1 as tfx
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples, Model, String


@component
def Make(result: OutputArtifact[String], text: Parameter[str] = "yes"):
    result.value = text


@component
def Say(heard: InputArtifact[String], said: OutputArtifact[Examples]):
    Path(said.uri, "said.txt").write_text(heard.value)


@component
def Write(said: OutputArtifact[Examples], text: Parameter[str]):
    Path(said.uri, "said.txt").write_text(text)


@component
def Repeat(heard: InputArtifact[Examples], said: OutputArtifact[Examples]):
    Path(said.uri, "said.txt").write_text(Path(heard.uri, "said.txt").read_text() + "!")


def pipeline(*nodes, **options):
    return tfx.dsl.Pipeline("theirs", "unused", components=nodes, **{"enable_cache": 1, **options})

"""
HEADS = 'make.outputs["result"].future()[0].value == "yes"'


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return Model(tmp_path)


@pytest.fixture
def write(model: Model) -> Callable[[str], Model]:
    """Writes a pipeline.py: the steps, and these lines as the body of create_pipeline()."""

    def make(body: str, before: str = "") -> Model:
        lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
        model.write("pipeline.py", f"{PRELUDE}{before}\ndef create_pipeline():\n{lines}")
        return model

    return make


Write = Callable[..., Model]


def _said(results: Results, node: str, key: str = "said") -> str:
    return Path(results[node].outputs[key][0].uri, "said.txt").read_text()


def _digests(model: Model) -> dict[str, object]:
    nodes = model.compile().nodes
    return {node.id: node.parameters.get("module_digest") for node in nodes}


# Conditions


@pytest.mark.parametrize(("text", "state"), [("yes", "complete"), ("no", "skipped")])
def test_a_condition_decides_over_its_nodes_and_those_that_need_them(
    text: str, state: str, write: Write, worker: WorkerProcess
) -> None:
    model = write(f"""
make = Make(text="{text}")
with tfx.dsl.Cond({HEADS}):
    say = Say(heard=make.outputs["result"])
    with tfx.dsl.Cond(make.outputs["result"].future()[0].value != "no"):
        nested = Repeat(heard=say.outputs["said"]).with_id("Nested")
after = Repeat(heard=say.outputs["said"]).with_id("After")
other = Say(heard=make.outputs["result"]).with_id("Other")
return pipeline(make, say, nested, after, other)
""")
    model.compile()
    results = model.run(worker)
    conditional = dict.fromkeys(["Say", "Nested", "After"], state)
    assert states(results) == {"Make": "complete", "Other": "complete", **conditional}


def test_a_nested_condition_that_does_not_hold_skips_only_its_own(
    write: Write, worker: WorkerProcess
) -> None:
    model = write(f"""
make = Make()
with tfx.dsl.Cond({HEADS}):
    say = Say(heard=make.outputs["result"])
    with tfx.dsl.Cond(make.outputs["result"].future()[0].value == "no"):
        nested = Repeat(heard=say.outputs["said"]).with_id("Nested")
return pipeline(make, say, nested)
""")
    model.compile()
    assert states(model.run(worker)) == {"Make": "complete", "Say": "complete", "Nested": "skipped"}


# Importers and resolvers


@pytest.mark.parametrize(("reimport", "same"), [(False, True), (True, False)])
def test_an_importer_registers_what_lies_elsewhere(
    reimport: bool, same: bool, write: Write, worker: WorkerProcess
) -> None:
    model = write(f"""
imported = tfx.dsl.Importer(
    source_uri="rows", artifact_type=Examples, reimport={reimport},
    properties={{"split_names": '["train"]'}}, custom_properties={{"origin": "a colleague"}},
).with_id("Rows")
return pipeline(imported, Repeat(heard=imported.outputs["result"]))
""")
    model.write("rows/said.txt", "imported")
    model.compile()
    [first] = model.run(worker)["Rows"].outputs["result"]
    results = model.run(worker, "run-2")
    [second] = results["Rows"].outputs["result"]
    assert first.properties["origin"] == "a colleague"
    assert first.properties["split_names"] == '["train"]'
    assert (first.id == second.id) is same
    assert _said(results, "Repeat") == "imported!"


def test_a_resolver_finds_the_latest_artifact_of_earlier_runs(
    write: Write, worker: WorkerProcess
) -> None:
    body = """
latest = tfx.dsl.Resolver(
    strategy_class=tfx.dsl.experimental.LatestArtifactStrategy,
    old=tfx.dsl.Channel(type=Examples, producer_component_id="Write"),
).with_id("Latest")
repeat = Repeat(heard=latest.outputs["old"])
write = Write(text="TEXT")
write.add_upstream_node(repeat)
return pipeline(write, *NODES)
"""
    model = write(body.replace("TEXT", "one").replace("*NODES", ""))
    model.write(
        "pipeline.py",
        (model.folder / "pipeline.py").read_text().replace("write.add_upstream_node(repeat)", ""),
    )
    model.compile()
    model.run(worker)
    write(body.replace("TEXT", "two").replace("*NODES", "latest, repeat"))
    model.compile()
    assert _said(model.run(worker, "run-2"), "Repeat") == "one!"


@pytest.mark.parametrize("optional", [True, False])
def test_who_can_do_without_runs_after_a_resolver_that_found_nothing(
    optional: bool, write: Write, worker: WorkerProcess
) -> None:
    before = f"""
@component
def Take(said: OutputArtifact[Examples], old: InputArtifact[Examples]{" = None" * optional}):
    Path(said.uri, "said.txt").write_text(str(old))

"""
    model = write(
        """
latest = tfx.dsl.Resolver(
    strategy_class=tfx.dsl.experimental.LatestArtifactStrategy,
    old=tfx.dsl.Channel(type=Examples),
).with_id("Latest")
return pipeline(latest, Take(old=latest.outputs["old"]))
""",
        before,
    )
    model.compile()
    if not optional:
        failure = worker.run(model.request("Latest")).failure
        assert failure is not None
        return
    results = model.run(worker)
    assert states(results) == {"Latest": "skipped", "Take": "complete"}
    assert _said(results, "Take") == "None"


def test_a_resolver_takes_a_range_of_spans(write: Write, worker: WorkerProcess) -> None:
    before = """
@component
def Span(rows: OutputArtifact[Examples], span: Parameter[int]):
    rows.set_int_custom_property("span", span)
    rows.split_names = '["train"]'


@component
def Count(rows: InputArtifact[list[Examples]], said: OutputArtifact[Examples]):
    spans = sorted(row.get_int_custom_property("span") for row in rows)
    Path(said.uri, "said.txt").write_text(str(spans))

"""
    model = write(
        """
spans = [Span(span=n).with_id(f"Span{n}") for n in (1, 2, 3)]
resolver = tfx.dsl.Resolver(
    strategy_class=tfx.dsl.experimental.SpanRangeStrategy,
    config={"range_config": tfx.proto.RangeConfig(
        rolling_range=tfx.proto.RollingRange(num_spans=2))},
    rows=tfx.dsl.Channel(type=Examples),
).with_id("Spans")
for span in spans:
    resolver.add_upstream_node(span)
return pipeline(*spans, resolver, Count(rows=resolver.outputs["rows"]))
""",
        before,
    )
    model.compile()
    assert _said(model.run(worker), "Count") == "[2, 3]"


# The graph


def test_an_id_and_an_order_without_data_are_kept(write: Write) -> None:
    model = write("""
first, second = Make().with_id("a.first"), Make().with_id("second")
second.add_upstream_node(first)
return pipeline(first, second)
""")
    nodes = {node.id: node.upstream for node in model.compile().nodes}
    assert nodes == {"a.first": [], "second": ["a.first"]}


def test_outputs_of_one_type_and_inputs_of_several_nodes_keep_apart(
    write: Write, worker: WorkerProcess
) -> None:
    before = """
@component
def Both(left: OutputArtifact[Examples], right: OutputArtifact[Examples]):
    Path(left.uri, "said.txt").write_text("left")
    Path(right.uri, "said.txt").write_text("right")


@component
def Join(rows: InputArtifact[list[Examples]], said: OutputArtifact[Examples]):
    texts = sorted(Path(row.uri, "said.txt").read_text() for row in rows)
    Path(said.uri, "said.txt").write_text(" ".join(texts))

"""
    model = write(
        """
both = Both()
left = Repeat(heard=both.outputs["left"]).with_id("Left")
right = Repeat(heard=both.outputs["right"]).with_id("Right")
from tfx.types.channel import union
rows = [left.outputs["said"], right.outputs["said"], both.outputs["left"]]
return pipeline(both, left, right, Join(rows=union(rows)))
""",
        before,
    )
    model.compile()
    results = model.run(worker)
    assert (_said(results, "Both", "left"), _said(results, "Both", "right")) == ("left", "right")
    assert _said(results, "Join") == "left left! right!"


def test_a_value_that_a_node_found_out_becomes_the_parameter_of_another(
    write: Write, worker: WorkerProcess
) -> None:
    model = write("""
make = Make(text="found out")
write = Write(text=make.outputs["result"].future()[0].value)
return pipeline(make, write)
""")
    assert {n.id: n.upstream for n in model.compile().nodes}["Write"] == ["Make"]
    assert _said(model.run(worker), "Write") == "found out"


def test_a_pipeline_without_cache_runs_every_time(write: Write, worker: WorkerProcess) -> None:
    model = write("return pipeline(Make(), enable_cache=False)")
    model.compile()
    again = [model.run(worker, f"run-{n}")["Make"].state for n in range(2)]
    assert again == [NodeState.COMPLETE, NodeState.COMPLETE]


def test_a_node_may_wait_for_the_end_of_others_whatever_it_is(write: Write) -> None:
    model = write("""
from tfx.dsl.experimental.node_execution_options.utils import NodeExecutionOptions
from tfx.proto.orchestration import pipeline_pb2
last = Make().with_id("last")
last.node_execution_options = NodeExecutionOptions(
    trigger_strategy=pipeline_pb2.NodeExecutionOptions.ALL_UPSTREAM_NODES_COMPLETED)
first = Make()
last.add_upstream_node(first)
return pipeline(first, last)
""")
    assert [node.waits_for for node in model.compile().nodes] == [Waits.SUCCESS, Waits.END]


# Beam and platforms


def _beam_arguments(model: Model, node: str) -> list[str]:
    from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

    model.compile()
    deployment = pipeline_pb2.IntermediateDeploymentConfig()
    ir.load(model.package, "train").deployment_config.Unpack(deployment)
    beam = executable_spec_pb2.BeamExecutableSpec()
    deployment.executor_specs[node].Unpack(beam)
    return [p.value.string_value for p in beam.beam_pipeline_args_placeholders] or list(
        beam.beam_pipeline_args
    )


def test_arguments_of_beam_are_kept_and_a_runner_is_given_where_there_is_none(
    write: Write,
) -> None:
    model = write("""
first = tfx.components.CsvExampleGen(input_base="/data").with_id("First")
second = tfx.components.CsvExampleGen(input_base="/data").with_id("Second")
second = second.with_beam_pipeline_args(["--direct_running_mode=multi_threading"])
return pipeline(first, second, beam_pipeline_args=["--temp_location=/tmp/beam"])
""")
    assert _beam_arguments(model, "First") == [
        "--direct_running_mode=in_memory",
        "--temp_location=/tmp/beam",
    ]
    assert _beam_arguments(model, "Second") == [
        "--temp_location=/tmp/beam",
        "--direct_running_mode=multi_threading",
    ]


def test_settings_of_another_platform_change_nothing(write: Write, worker: WorkerProcess) -> None:
    model = write("""
from tfx.proto.orchestration import platform_config_pb2
docker = platform_config_pb2.DockerPlatformConfig(docker_server_url="tcp://elsewhere")
return pipeline(Make().with_platform_config(docker))
""")
    model.compile()
    assert states(model.run(worker)) == {"Make": "complete"}


# Code


def test_an_edit_of_one_component_in_pipeline_py_is_an_edit_of_no_other(write: Write) -> None:
    body = 'make = Make()\nreturn pipeline(make, Say(heard=make.outputs["result"]))'
    before = _digests(write(body))
    again = _digests(write(body + "  # a comment", "\n\ndef unused():\n    return 1\n"))
    assert again == before
    model = write(body)
    edited = (model.folder / "pipeline.py").read_text().replace("heard.value)", 'heard.value + "")')
    model.write("pipeline.py", edited)
    after = _digests(model)
    assert after["Say"] != before["Say"]
    assert after["Make"] == before["Make"]


def test_a_component_changes_with_what_its_function_uses(write: Write) -> None:
    before = "import helper\nMARK = '?'\n\n@component\ndef Ask(said: OutputArtifact[Examples]):\n"
    before += "    Path(said.uri, 'said.txt').write_text(helper.ask() + MARK)\n\n"
    model = write("return pipeline(Ask(), Make())", before)
    model.write("helper.py", "def ask():\n    return 'why'\n")
    first = _digests(model)
    model.write("helper.py", "def ask():\n    return 'when'\n")
    second = _digests(model)
    write("return pipeline(Ask(), Make())", before.replace("'?'", "'??'"))
    third = _digests(model)
    assert len({first["Ask"], second["Ask"], third["Ask"]}) == 3
    assert first["Make"] == second["Make"] == third["Make"]


SHOUTING = """
from pathlib import Path

from tfx.dsl.components.base import base_component, base_driver, base_executor, executor_spec
from tfx.orchestration.portable import base_driver as portable_driver
from tfx.proto.orchestration import driver_output_pb2
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.standard_artifacts import Examples

from . import voice


class Driver(base_driver.BaseDriver, portable_driver.BaseDriver):
    def __init__(self, mlmd_connection):
        portable_driver.BaseDriver.__init__(self, mlmd_connection)

    def run(self, execution_info):
        result = driver_output_pb2.DriverOutput()
        text = execution_info.exec_properties["text"]
        result.exec_properties["text"].string_value = text + "!"
        return result


class Executor(base_executor.BaseExecutor):
    def Do(self, inputs, outputs, properties):
        Path(outputs["said"][0].uri, "said.txt").write_text(voice.loud(properties["text"]))


class ShoutSpec(ComponentSpec):
    PARAMETERS = {"text": ExecutionParameter(type=str)}
    INPUTS = {}
    OUTPUTS = {"said": ChannelParameter(type=Examples)}


class Shout(base_component.BaseComponent):
    SPEC_CLASS = ShoutSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(self, text):
        from tfx.types.channel import OutputChannel
        super().__init__(ShoutSpec(text=text, said=OutputChannel(Examples, self, "said")))
"""


def test_a_component_with_its_own_executor_and_driver_comes_from_a_package_of_the_folder(
    write: Write, worker: WorkerProcess
) -> None:
    model = write('return pipeline(Shout(text="hey"), Make())', "from parts.shout import Shout\n")
    model.write("parts/__init__.py", "")
    model.write("parts/voice.py", "def loud(text):\n    return text.upper()\n")
    model.write("parts/shout.py", SHOUTING)
    before = _digests(model)
    assert _said(model.run(worker), "Shout") == "HEY!"
    model.write("parts/voice.py", "def loud(text):\n    return text.upper() * 2\n")
    after = _digests(model)
    assert (before["Make"] == after["Make"], before["Shout"] == after["Shout"]) == (True, False)
    results = model.run(worker, "run-2")
    assert _said(results, "Shout") == "HEY!HEY!"
    assert results["Make"].state is NodeState.CACHED


def test_a_module_that_hides_one_of_python_is_refused(write: Write) -> None:
    model = write("return pipeline(Make())", "import calendar\n")
    model.write("calendar.py", "")
    with pytest.raises(CompileError, match=r"calendar\.py: Python has a module 'calendar' itself"):
        model.compile()


# What is refused

REFUSED = {
    "a container": (
        """
from tfx.dsl.component.experimental import container_component
image = container_component.create_container_component(name="Box", image="busybox", command=["ls"])
return pipeline(image())
""",
        "Node 'Box' runs the container image 'busybox'.*Python function component",
    ),
    "an exit handler": (
        """
from tfx.orchestration.kubeflow.decorators import FinalStatusStr
return pipeline(Make(text=FinalStatusStr()))
""",
        "Node 'Make' is an exit handler: 'text' .*teardown tasks",
    ),
    "a loop": (
        """
from tfx.dsl.control_flow.for_each import ForEach
write = Write(text="x")
with ForEach(write.outputs["said"]) as each:
    repeat = Repeat(heard=each)
return pipeline(write, repeat)
""",
        "Node 'Repeat' is in a ForEach.*Take the loop into the component",
    ),
    "a pipeline in a pipeline": (
        """
inner = tfx.dsl.Pipeline("inner", "unused", components=[Make()])
return pipeline(inner)
""",
        "node 'inner' is itself a pipeline.*put its components into the outer one",
    ),
    "an asynchronous pipeline": (
        "return pipeline(Make(), execution_mode=tfx.dsl.ExecutionMode.ASYNC, enable_cache=0)",
        "is asynchronous.*use ExecutionMode.SYNC and a schedule",
    ),
    "a node that may fail": (
        """
from tfx.dsl.experimental.node_execution_options.utils import NodeExecutionOptions
make = Make()
make.node_execution_options = NodeExecutionOptions(success_optional=True)
return pipeline(make)
""",
        "Node 'Make' has success_optional.*ALL_UPSTREAM_NODES_COMPLETED",
    ),
    "the end of a resource": (
        """
from tfx.dsl.experimental.node_execution_options.utils import NodeExecutionOptions
from tfx.proto.orchestration import pipeline_pb2
make, last = Make(), Make().with_id("last")
last.node_execution_options = NodeExecutionOptions(
    trigger_strategy=(
        pipeline_pb2.NodeExecutionOptions.LIFETIME_END_WHEN_SUBGRAPH_CANNOT_PROGRESS),
    lifetime_start="Make")
last.add_upstream_node(make)
return pipeline(make, last)
""",
        "Node 'last' has the trigger strategy LIFETIME_END.*allowed: .*_NODES_COMPLETED",
    ),
    "an InfraValidator": (
        """
model = tfx.dsl.Importer(source_uri="/m", artifact_type=Model).with_id("model")
validator = tfx.components.InfraValidator(
    model=model.outputs["result"],
    serving_spec=tfx.proto.ServingSpec(
        tensorflow_serving=tfx.proto.TensorFlowServing(tags=["latest"]),
        local_docker=tfx.proto.LocalDockerConfig()))
return pipeline(model, validator)
""",
        "Node 'InfraValidator' is an InfraValidator.*ModelCheck",
    ),
    "a circle": (
        """
first, second = Make(), Make().with_id("second")
first.add_upstream_node(second)
second.add_upstream_node(first)
return pipeline(first, second)
""",
        r"create_pipeline\(\) raised .*[Cc]ycl.*pipeline\.py, line \d+",
    ),
    "what TFX itself cannot compile": (
        """
make = Make()
say = Say(heard=make.outputs["result"])
made = pipeline(make, say)
made._components.reverse()
return made
""",
        "TFX cannot compile the pipeline: Pipeline components are not topologically sorted",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_run_is_refused_with_what_to_do(what: str, write: Write) -> None:
    body, message = REFUSED[what]
    with pytest.raises(CompileError, match=message):
        write(body).compile()
