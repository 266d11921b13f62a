"""A pipeline that reads one day and is quick; tests copy this file."""

from pathlib import Path

from tfx import v1 as tfx
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact
from tfx.dsl.component.experimental.decorators import component
from tfx.proto import example_gen_pb2
from tfx.types.standard_artifacts import Examples, Model, PushedModel


@component
def Count(examples: InputArtifact[Examples], model: OutputArtifact[Model]):  # noqa: N802
    Path(model.uri, "span.txt").write_text(str(examples.get_int_custom_property("span")))


@component
def PaperPusher(model: InputArtifact[Model], pushed: OutputArtifact[PushedModel]):  # noqa: N802
    Path(pushed.uri, "span.txt").write_text(Path(model.uri, "span.txt").read_text())


def create_pipeline(data_root):
    day = example_gen_pb2.Input.Split(name="all", pattern="{YYYY}-{MM}-{DD}/*.csv")
    examples = tfx.components.CsvExampleGen(
        input_base=data_root, input_config=example_gen_pb2.Input(splits=[day])
    )
    count = Count(examples=examples.outputs["examples"])
    pusher = PaperPusher(model=count.outputs["model"])
    return tfx.dsl.Pipeline("daily", "root", components=[examples, count, pusher])
