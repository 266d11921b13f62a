"""Steps that say what they made and of what; a test strings them together as it likes."""

import json
import uuid
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.channel import UnionChannel
from tfx.types.standard_artifacts import Examples


@component
def First(result: OutputArtifact[Examples], name: Parameter[str], control: Parameter[str]):  # noqa: N802
    _work(name, Path(control), [], Path(result.uri))


@component
def Step(  # noqa: N802
    sources: InputArtifact[list[Examples]],
    result: OutputArtifact[Examples],
    name: Parameter[str],
    control: Parameter[str],
):
    _work(name, Path(control), [Path(source.uri) for source in sources], Path(result.uri))


def _work(name: str, control: Path, sources: list[Path], result: Path) -> None:
    """Writes a stamp of its own and those of its inputs; fails while `<control>/fail-<name>` is."""
    if (control / f"fail-{name}").exists():
        raise RuntimeError(f"{name} was told to fail")
    inputs = {made["name"]: made["stamp"] for made in map(_read, sources)}
    content = {"name": name, "stamp": uuid.uuid4().hex, "inputs": inputs}
    (result / "made.json").write_text(json.dumps(content))


def _read(folder: Path) -> dict:
    return json.loads((folder / "made.json").read_text())


def create_steps(edges: dict[str, list[str]], control: str) -> list:
    """Nodes by their id, in topological order, each with the ids that it takes its inputs from."""
    made = {}
    for name, sources in edges.items():
        channels = [made[source].outputs["result"] for source in sources]
        if channels:
            node = Step(sources=UnionChannel(channels), name=name, control=control)
        else:
            node = First(name=name, control=control)
        made[name] = node.with_id(name)
    return list(made.values())
