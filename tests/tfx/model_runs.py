"""Runs a model of `dags/` node by node in the warm worker, as its DAGs would."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.tfx.harness import WorkerProcess
from tfx_components.version_pusher.versions import read_versions
from tfx_contract.compiled import TRAIN, Package, dag_id, load_package
from tfx_contract.manifest import VersionManifest
from tfx_contract.node import NodeRequest, NodeResult, Run
from tfx_contract.parameters import RunOption
from tfx_request_log.place import log_url

DAGS = Path(__file__).parents[2] / "dags"


@dataclass
class ModelRuns:
    """A copy of a model in a home of its own, which a test may change and compile again."""

    name: str
    home: Path
    worker: WorkerProcess
    package: Path = field(init=False)

    def __post_init__(self) -> None:
        for folder in ("_shared", self.name):
            shutil.copytree(DAGS / folder, self.home / "dags" / folder)
        spec = self.folder / "model.yaml"
        spec.write_text(spec.read_text().replace("home://", f"{self.home}/"))
        self.compile()

    @property
    def folder(self) -> Path:
        return self.home / "dags" / self.name

    @property
    def compiled(self) -> Package:
        return load_package(self.package)

    def versions(self) -> list[VersionManifest]:
        return read_versions(self.home / "models" / self.name)

    def edit(self, file: str, old: str, new: str) -> None:
        text = (self.folder / file).read_text()
        assert old in text
        (self.folder / file).write_text(text.replace(old, new))

    def compile(self) -> None:
        compiled = self.home / "compiled"
        answer = self.worker.ask(
            {"compile": {"folder": str(self.folder), "compiled": str(compiled)}}
        )
        assert "digest" in answer, answer
        self.package = compiled / self.name / answer["digest"]

    def run(
        self, run_id: str, pipeline: str = TRAIN, tune: bool = False, **changes: Any
    ) -> dict[str, NodeResult]:
        """The results of all nodes, up to the first that failed."""
        results: dict[str, NodeResult] = {}
        for node in self.compiled.pipelines[pipeline].nodes:
            if node.runs_if is RunOption.TUNE and not tune:
                continue
            results[node.id] = self.run_node(node.id, run_id, pipeline, **changes)
            if not results[node.id].succeeded:
                break
        return results

    def run_node(self, node: str, run_id: str, pipeline: str = TRAIN, **changes: Any) -> NodeResult:
        """One try of one node."""
        return self.worker.run(self.request(node, run_id, pipeline, **changes))

    def request(self, node: str, run_id: str, pipeline: str, **changes: Any) -> NodeRequest:
        dag = dag_id(self.name, pipeline)
        return NodeRequest(
            model=self.name,
            pipeline=pipeline,
            node_id=node,
            package=str(self.package),
            run=Run(dag_id=dag, run_id=run_id),
            token=uuid.uuid4().hex,
            pipeline_root=str(self.home / "pipelines" / dag),
            metadata=f"sqlite:///{self.home / 'metadata.db'}",
            versions=str(self.home / "models" / self.name),
            request_log=log_url(self.home / "endpoint"),
            **changes,
        )


def failed(results: dict[str, NodeResult]) -> dict[str, str]:
    """What failed, and why; for messages."""
    return {name: r.failure.message for name, r in results.items() if r.failure}
