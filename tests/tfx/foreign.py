"""A model folder around a pipeline that somebody else wrote, and a run of all its nodes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.tfx.harness import WorkerProcess
from tfx_contract.compiled import CompiledPipeline, Waits, load_package
from tfx_contract.node import NodeRequest, NodeResult, NodeState, Run
from tfx_runtime.compile import compile_model


@dataclass
class Model:
    """A model's folder under a home of its own."""

    home: Path
    name: str = "foreign"
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.home / "dags" / self.name
        self.folder.mkdir(parents=True)
        self.say()

    def say(self, **spec: Any) -> None:
        """Writes `model.yaml`."""
        (self.folder / "model.yaml").write_text(yaml.safe_dump(spec))

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def compile(self) -> CompiledPipeline:
        compile_model(self.folder, self.home / "compiled")
        return self.pipeline

    @property
    def package(self) -> Path:
        pointer = yaml.safe_load((self.home / "compiled" / self.name / "current.json").read_text())
        return self.home / "compiled" / self.name / str(pointer["digest"])

    @property
    def pipeline(self) -> CompiledPipeline:
        return load_package(self.package).train

    def request(self, node_id: str, run_id: str = "run-1", **changes: Any) -> NodeRequest:
        return NodeRequest(
            model=self.name,
            node_id=node_id,
            package=str(self.package),
            run=Run(dag_id=self.name, run_id=run_id),
            token=uuid.uuid4().hex,
            pipeline_root=str(self.home / "root"),
            metadata=f"sqlite:///{self.home / 'metadata.db'}",
            versions=str(self.home / "versions"),
            **changes,
        )

    def run(
        self, worker: WorkerProcess, run_id: str = "run-1", until: str = "", **changes: Any
    ) -> Results:
        """Runs the nodes as Airflow would: after those before them, and not after a skipped one."""
        results: Results = {}
        for node in self.pipeline.nodes:
            if until in results:
                break
            before = [results[name].state for name in node.upstream]
            if node.waits_for is Waits.SUCCESS and NodeState.SKIPPED in before:
                results[node.id] = NodeResult(node_id=node.id, state=NodeState.SKIPPED)
                continue
            job = worker.start_node(self.request(node.id, run_id, **changes))
            results[node.id] = worker.result(job)
            failure = results[node.id].failure
            assert failure is None, f"{node.id}: {failure}\n" + "\n".join(job.lines[-40:])
        return results


Results = dict[str, NodeResult]


def states(results: Results) -> dict[str, str]:
    return {name: str(result.state) for name, result in results.items()}
