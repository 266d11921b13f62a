"""The pipeline that `graph.json` beside the model describes; tests copy this file."""

import json
from pathlib import Path

from tfx import v1 as tfx
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples


@component
def Source(name: Parameter[str], examples: OutputArtifact[Examples]):  # noqa: N802
    Path(examples.uri, name).touch()


@component
def One(name: Parameter[str], a: InputArtifact[Examples], examples: OutputArtifact[Examples]):  # noqa: N802
    Path(examples.uri, name).touch()


@component
def Two(  # noqa: N802
    name: Parameter[str],
    a: InputArtifact[Examples],
    b: InputArtifact[Examples],
    examples: OutputArtifact[Examples],
):
    Path(examples.uri, name).touch()


def create_pipeline(graph):
    nodes = {}
    for name, wanted in json.loads(graph).items():
        inputs = [nodes[producer].outputs["examples"] for producer in wanted["data"]]
        if wanted["condition"]:
            with tfx.dsl.Cond(nodes[wanted["condition"]].outputs["examples"].future()[0].uri != ""):
                node = _node(name, inputs)
        else:
            node = _node(name, inputs)
        node.add_upstream_nodes([nodes[upstream] for upstream in wanted["control"]])
        nodes[name] = node
    return tfx.dsl.Pipeline("random", "root", components=list(nodes.values()))


def _node(name, inputs):
    kinds = [Source, One, Two]
    return kinds[len(inputs)](name=name, **dict(zip("ab", inputs, strict=False))).with_id(name)
