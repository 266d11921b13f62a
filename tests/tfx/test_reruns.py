"""Cleared tasks and runs from a node: an MLMD run holds what its nodes took, and holds it once."""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from tests.tfx.harness import WorkerProcess
from tfx_components.version_pusher.provenance import read_provenance
from tfx_contract.compiled import load_package
from tfx_contract.node import NodeRequest, NodeResult, NodeState, Run
from tfx_runtime import reuse
from tfx_runtime.compile import compile_model
from tfx_runtime.metadata import FencedMetadata, connection_config
from tfx_runtime.node import execute, pipeline_of_run

Edges = dict[str, list[str]]
Execute = Callable[[NodeRequest], NodeResult]

CHAIN: Edges = {"Data": [], "Train": ["Data"], "Check": ["Data", "Train"], "Push": ["Check"]}
PIPELINE = """
from steps import create_steps
from tfx import v1 as tfx

def create_pipeline():
    nodes = create_steps({edges!r}, {control!r})
    return tfx.dsl.Pipeline(
        pipeline_name="x", pipeline_root="x", components=nodes, enable_cache=True
    )
"""


@dataclass
class Model:
    """A compiled pipeline of steps, and what one may do with it."""

    folder: Path
    edges: Edges
    execute: Execute
    name: str = "steps"
    metadata: str = ""
    package: Path = field(init=False)

    def __post_init__(self) -> None:
        self.metadata = self.metadata or f"sqlite:///{self.folder / 'metadata.db'}"
        sources, compiled = self.folder / "dags" / self.name, self.folder / "compiled"
        sources.mkdir(parents=True)
        self.control.mkdir()
        (sources / "model.yaml").write_text("{}")
        text = PIPELINE.format(edges=self.edges, control=str(self.control))
        (sources / "pipeline.py").write_text(text)
        self.package = compiled / self.name / compile_model(sources, compiled).digest

    @property
    def control(self) -> Path:
        return self.folder / "control"

    def request(self, node: str, run: str, generation: int = 0, **changes: Any) -> NodeRequest:
        return NodeRequest(
            model=self.name,
            node_id=node,
            package=str(self.package),
            run=Run(dag_id=self.name, run_id=run, generation=generation),
            token=uuid.uuid4().hex,
            pipeline_root=str(self.folder / "root"),
            metadata=self.metadata,
            versions=str(self.folder / "versions"),
            **changes,
        )

    def try_node(
        self, node: str, run: str = "monday", generation: int = 0, **changes: Any
    ) -> NodeResult:
        return self.execute(self.request(node, run, generation, **changes))

    def run(
        self, nodes: Iterable[str], run: str = "monday", generation: int = 0, **changes: Any
    ) -> dict[str, NodeResult]:
        results = {node: self.try_node(node, run, generation, **changes) for node in nodes}
        assert [r.failure for r in results.values()] == [None] * len(results)
        return results


@pytest.fixture
def model(worker: WorkerProcess, tmp_path: Path) -> Model:
    return Model(tmp_path, CHAIN, worker.run)


def made(result: NodeResult) -> dict[str, Any]:
    """What a step wrote: its name, its stamp, and the stamps of its inputs."""
    [artifact] = result.outputs["result"]
    content: dict[str, Any] = json.loads(Path(artifact.uri, "made.json").read_text())
    return content


def stamp(result: NodeResult) -> str:
    return str(made(result)["stamp"])


def in_mlmd(model: Model, run: str) -> dict[str, list[metadata_store_pb2.Execution]]:
    """The executions of an MLMD run by node."""
    store = _store(model)
    context = store.get_context_by_type_and_name("pipeline_run", run)
    found: dict[str, list[metadata_store_pb2.Execution]] = {}
    for execution in store.get_executions_by_context(context.id) if context else []:
        contexts = {c.type: c.name for c in store.get_contexts_by_execution(execution.id)}
        assert contexts["pipeline"] == "steps"
        found.setdefault(contexts["node"].removeprefix("steps."), []).append(execution)
    return found


def states(model: Model, run: str) -> dict[str, list[str]]:
    name = metadata_store_pb2.Execution.State.Name
    return {n: [name(e.last_known_state) for e in es] for n, es in in_mlmd(model, run).items()}


def parents(model: Model, run: str) -> list[str]:
    store = _store(model)
    context = store.get_context_by_type_and_name("pipeline_run", run)
    found = store.get_parent_contexts_by_context(context.id)
    return sorted(c.name for c in found if c.type == "pipeline_run")


def test_a_cleared_node_and_those_after_it_run_again_on_what_stayed(model: Model) -> None:
    first = model.run(CHAIN)
    again = model.run(["Train", "Check", "Push"], generation=1)
    assert all(r.state is NodeState.COMPLETE for r in again.values())
    assert made(again["Train"])["inputs"] == {"Data": stamp(first["Data"])}
    assert made(again["Check"])["inputs"] == {
        "Data": stamp(first["Data"]),
        "Train": stamp(again["Train"]),
    }
    assert stamp(again["Train"]) != stamp(first["Train"])
    assert states(model, "monday") == {node: ["COMPLETE"] for node in CHAIN}
    assert states(model, "monday~1") == {
        "Data": ["CACHED"],
        "Train": ["COMPLETE"],
        "Check": ["COMPLETE"],
        "Push": ["COMPLETE"],
    }


def test_what_stayed_is_the_same_artifact_and_the_runs_know_each_other(model: Model) -> None:
    first = model.run(CHAIN)
    model.run(["Push"], generation=1)
    [inherited] = in_mlmd(model, "monday~1")["Check"]
    store = _store(model)
    [event] = store.get_events_by_execution_ids([inherited.id])
    assert event.artifact_id == first["Check"].outputs["result"][0].id
    assert event.type == metadata_store_pb2.Event.OUTPUT
    assert [step.key or step.index for step in event.path.steps] == ["result", 0]
    assert parents(model, "monday~1") == ["monday"]


def test_only_the_last_node_cleared_takes_all_before_it_as_it_was(model: Model) -> None:
    first = model.run(CHAIN)
    again = model.run(["Push"], generation=1)
    assert made(again["Push"])["inputs"] == {"Check": stamp(first["Check"])}
    assert states(model, "monday~1") == {
        "Data": ["CACHED"],
        "Train": ["CACHED"],
        "Check": ["CACHED"],
        "Push": ["COMPLETE"],
    }


def test_a_second_generation_takes_the_newest_of_each_node(model: Model) -> None:
    first = model.run(CHAIN)
    second = model.run(["Train"], generation=1)
    # Airflow counts every clearing, and nothing may have run under some of the numbers.
    third = model.run(["Check"], generation=4)
    assert made(third["Check"])["inputs"] == {
        "Data": stamp(first["Data"]),
        "Train": stamp(second["Train"]),
    }
    assert parents(model, "monday~4") == ["monday~1"]


def test_a_failed_node_that_is_cleared_runs_in_a_run_of_its_own(model: Model) -> None:
    first = model.run(["Data"])
    (model.control / "fail-Train").touch()
    assert model.try_node("Train").state is NodeState.FAILED
    (model.control / "fail-Train").unlink()
    again = model.run(["Train", "Check"], generation=1)
    assert made(again["Train"])["inputs"] == {"Data": stamp(first["Data"])}
    assert states(model, "monday")["Train"] == ["FAILED"]
    assert states(model, "monday~1")["Train"] == ["COMPLETE"]


def test_what_failed_in_this_generation_is_not_replaced_by_what_was_before(model: Model) -> None:
    first = model.run(CHAIN)
    (model.control / "fail-Train").touch()
    assert model.try_node("Train", generation=1).state is NodeState.FAILED
    # A node that waits for the end of those before it, whatever it was.
    check = model.try_node("Check", generation=1)
    assert made(check)["inputs"] == {"Data": stamp(first["Data"])}
    (model.control / "fail-Train").unlink()
    assert model.try_node("Train", generation=1).state is NodeState.COMPLETE
    assert states(model, "monday~1")["Train"] == ["COMPLETE"]


def test_a_retry_within_a_generation_returns_at_once(model: Model) -> None:
    model.run(CHAIN)
    again = model.try_node("Train", generation=1)
    assert model.try_node("Train", generation=1).execution_id == again.execution_id
    assert states(model, "monday~1") == {"Data": ["CACHED"], "Train": ["COMPLETE"]}


def test_whoever_clears_a_node_gets_no_cached_result(model: Model) -> None:
    first = model.run(["Data"])
    cached = model.run(["Data"], "tuesday")
    cleared = model.run(["Data"], "tuesday", 1)
    assert stamp(cached["Data"]) == stamp(first["Data"])
    assert cleared["Data"].state is NodeState.COMPLETE
    assert stamp(cleared["Data"]) != stamp(first["Data"])


def test_a_node_that_was_taken_over_before_it_could_run_says_so(model: Model) -> None:
    model.run(CHAIN)
    # Data and Push were cleared, nothing between them: Push has no reason to wait.
    model.run(["Push"], generation=1)
    failure = model.try_node("Data", generation=1).failure
    assert failure is not None
    assert "started first, with the outputs of run 'monday'" in failure.message
    assert not failure.retryable
    assert model.try_node("Data", generation=2).state is NodeState.COMPLETE


REUSED = ["Data", "Train"]


def test_a_run_from_a_node_takes_over_what_is_before_it(model: Model) -> None:
    first = model.run(CHAIN)
    reused = model.run(REUSED, "tuesday", reuse=REUSED)
    second = model.run(["Check", "Push"], "tuesday", use_cache=False)
    assert [r.state for r in reused.values()] == [NodeState.CACHED] * 2
    assert {n: r.outputs for n, r in reused.items()} == {n: first[n].outputs for n in REUSED}
    assert made(second["Check"])["inputs"] == {n: stamp(first[n]) for n in REUSED}
    assert parents(model, "tuesday") == ["monday"]


def test_the_log_says_which_run_gave_the_artifacts(model: Model, worker: WorkerProcess) -> None:
    model.run(["Data"])
    job = worker.start_node(model.request("Data", "tuesday", reuse=["Data"]))
    worker.result(job)
    assert any("execution 1 of run 'monday'" in line for line in job.lines)


def test_the_base_is_the_newest_run_that_has_it_all(model: Model) -> None:
    model.run(CHAIN)
    complete = model.run(CHAIN, "tuesday", use_cache=False)
    model.run(["Data"], "wednesday", use_cache=False)
    (model.control / "fail-Train").touch()
    assert not model.try_node("Train", "wednesday", use_cache=False).succeeded
    reused = model.run(REUSED, "thursday", reuse=REUSED)
    assert stamp(reused["Data"]) == stamp(complete["Data"])
    assert stamp(reused["Train"]) == stamp(complete["Train"])


def test_a_run_is_as_new_as_its_beginning(model: Model) -> None:
    model.run(["Data"], "monday")
    newer = model.run(REUSED, "tuesday", use_cache=False)
    model.run(["Train"], "monday", use_cache=False)
    reused = model.run(REUSED, "wednesday", reuse=REUSED)
    assert stamp(reused["Train"]) == stamp(newer["Train"])


def test_a_cleared_node_counts_as_the_newest(model: Model) -> None:
    model.run(CHAIN)
    again = model.run(["Train"], generation=1)
    reused = model.run(REUSED, "tuesday", reuse=REUSED)
    assert stamp(reused["Train"]) == stamp(again["Train"])


def test_all_nodes_of_a_run_take_from_the_same_base(model: Model) -> None:
    first = model.run(REUSED)
    model.run(["Data"], "tuesday", reuse=REUSED)
    model.run(REUSED, "wednesday", use_cache=False)
    late = model.run(["Train"], "tuesday", reuse=REUSED)
    cleared = model.run(["Train"], "tuesday", 1, reuse=REUSED)
    assert stamp(late["Train"]) == stamp(cleared["Train"]) == stamp(first["Train"])


def test_a_run_never_takes_from_itself(model: Model) -> None:
    first = model.run(REUSED)
    model.run(REUSED, "tuesday", use_cache=False)
    model.run(["Train"], "tuesday", 1)
    reused = model.run(REUSED, "tuesday", 2, reuse=REUSED)
    assert stamp(reused["Train"]) == stamp(first["Train"])


def test_without_a_run_that_has_it_all_the_message_says_what_to_do(model: Model) -> None:
    model.run(["Data"])
    failure = model.try_node("Data", "tuesday", reuse=REUSED).failure
    assert failure is not None
    assert "completed Data, Train together (Train never completed)" in failure.message
    assert "Run without from_node first." in failure.message
    assert not failure.retryable
    model.run(["Data"], "wednesday", use_cache=False)
    model.run(["Train"], "wednesday")
    assert model.try_node("Data", "tuesday", reuse=REUSED).succeeded


def test_pipelines_that_share_run_ids_do_not_mix(model: Model, tmp_path: Path) -> None:
    """DAGs of one schedule have the same run ids, and MLMD knows a run by nothing else."""
    other = Model(tmp_path / "other", CHAIN, model.execute, "others", model.metadata)
    other.run(REUSED)
    mine = model.run(REUSED)
    other.run(REUSED, "tuesday", use_cache=False)
    reused = model.run(REUSED, "wednesday", reuse=REUSED)
    theirs = other.run(REUSED, "wednesday", reuse=REUSED)
    assert stamp(reused["Train"]) == stamp(mine["Train"])
    assert stamp(theirs["Train"]) not in {stamp(mine["Train"]), stamp(reused["Train"])}
    provenance = read_provenance(_store(model), "steps", "monday", 1)
    assert provenance.executions == {n: r.execution_id for n, r in mine.items()}


def test_a_manifest_of_a_cleared_push_names_all_that_led_to_it(model: Model) -> None:
    model.run(CHAIN)
    pushed = model.run(["Push"], generation=1)["Push"]
    executions = read_provenance(_store(model), "steps", "monday~1", 1).executions
    assert executions.keys() == CHAIN.keys()
    assert executions["Push"] == pushed.execution_id


def test_tries_that_meet_publish_once(worker: WorkerProcess, tmp_path: Path) -> None:
    edges: Edges = {"Data": [], "Left": ["Data"], "Right": ["Data"]}
    model = Model(tmp_path, edges, worker.run)
    model.run(edges)
    both = ["Data", "Left"]
    requests = [model.request(node, "tuesday", reuse=both) for node in both * 3]
    requests += [model.request(node, "monday", 1) for node in ("Left", "Right")]
    jobs = [worker.start_node(request) for request in requests]
    assert [worker.result(job).failure for job in jobs] == [None] * len(jobs)
    assert states(model, "tuesday") == {node: ["CACHED"] for node in both}
    assert states(model, "monday~1") == {
        "Data": ["CACHED"],
        "Left": ["COMPLETE"],
        "Right": ["COMPLETE"],
    }


def _store(model: Model) -> MetadataStore:
    return MetadataStore(connection_config(model.metadata))


class _MortalStore:
    """An MLMD store whose process is killed before the call that exceeds its allowance."""

    def __init__(self, store: MetadataStore, calls: Iterator[int]) -> None:
        self._store = store
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        if next(self._calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return getattr(self._store, name)


class _MortalMetadata(FencedMetadata):
    """A connection that survives a number of calls."""

    def __init__(self, config: metadata_store_pb2.ConnectionConfig, calls: int) -> None:
        super().__init__(config)
        self._calls = iter(range(calls))

    @property
    def store(self) -> Any:
        return _MortalStore(super().store, self._calls)


def _is_killed(request: NodeRequest, work: Callable[..., None], calls: int) -> bool:
    """Does the work in a process that MLMD kills; False when it came to its end before."""
    pipeline = pipeline_of_run(Path(request.package), load_package(Path(request.package)), request)
    connection = _MortalMetadata(connection_config(request.metadata), calls)
    if (pid := os.fork()) == 0:
        try:
            work(connection, pipeline)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def test_a_reuse_killed_at_any_call_leaves_nothing_that_stops_its_retry(model: Model) -> None:
    model.run(CHAIN)
    for calls in itertools.count():
        request = model.request("Train", f"run-{calls}", reuse=["Train"])

        def work(connection: FencedMetadata, pipeline: Any, request: Any = request) -> None:
            reuse.reuse_outputs(connection, pipeline, "Train", ["Train"], request.run)

        killed = _is_killed(request, work, calls)
        assert all(s == ["CACHED"] for s in states(model, f"run-{calls}").values())
        assert model.execute(request).state is NodeState.CACHED
        assert states(model, f"run-{calls}") == {"Train": ["CACHED"]}
        if not killed:
            break
    assert calls > 10


def test_a_cleared_node_killed_while_it_inherits_leaves_nothing_that_stops_its_retry(
    model: Model,
) -> None:
    model.run(CHAIN)
    for generation in itertools.count(1):
        request = model.request("Push", "monday", generation)

        def work(connection: FencedMetadata, pipeline: Any, request: Any = request) -> None:
            reuse.inherit_ancestors(connection, pipeline, "Push", request.run)

        killed = _is_killed(request, work, 2 * generation)
        assert model.execute(request).state is NodeState.COMPLETE
        before = {node: ["CACHED"] for node in ("Data", "Train", "Check")}
        assert states(model, f"monday~{generation}") == {**before, "Push": ["COMPLETE"]}
        assert parents(model, f"monday~{generation}")
        if not killed:
            break
    assert generation > 10


@st.composite
def _stories(draw: st.DrawFn) -> tuple[Edges, list[set[str]]]:
    """A pipeline, and which of its nodes were cleared, time after time."""
    names = "ABCDE"[: draw(st.integers(2, 5))]
    edges: Edges = {}
    for name in names:
        edges[name] = sorted(draw(st.sets(st.sampled_from(sorted(edges))))) if edges else []
    clearings = st.lists(st.sets(st.sampled_from(names)), min_size=1, max_size=3)
    return edges, draw(clearings)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=_stories())
def test_whatever_is_cleared_a_node_takes_the_newest_and_takes_it_from_its_own_run(
    story: tuple[Edges, list[set[str]]],
) -> None:
    edges, clearings = story
    with TemporaryDirectory() as folder:
        model = Model(Path(folder), edges, _execute_here)
        newest: dict[str, str] = {}
        for generation, cleared in enumerate([set(edges), *clearings]):
            for node in edges:
                if node in cleared:
                    result = model.run([node], "run", generation)[node]
                    assert made(result)["inputs"] == {n: newest[n] for n in edges[node]}
                    newest[node] = stamp(result)
            run = f"run~{generation}" if generation else "run"
            _check_run(model, run, cleared)


def _check_run(model: Model, run: str, cleared: set[str]) -> None:
    """Each node was published once; those that ran took what the same run published."""
    executions = in_mlmd(model, run)
    store = _store(model)
    of: dict[str, dict[str, set[int]]] = {}
    for node, [execution] in executions.items():
        name = "COMPLETE" if node in cleared else "CACHED"
        assert execution.last_known_state == metadata_store_pb2.Execution.State.Value(name)
        of[node] = {"INPUT": set(), "OUTPUT": set()}
        for event in store.get_events_by_execution_ids([execution.id]):
            kind = metadata_store_pb2.Event.Type.Name(event.type)
            of[node].setdefault(kind, set()).add(event.artifact_id)
    for node in cleared:
        assert of[node]["INPUT"] == set().union(*(of[n]["OUTPUT"] for n in model.edges[node]))
    assert executions.keys() == cleared | _before(model.edges, cleared)


def _before(edges: Edges, nodes: Iterable[str]) -> set[str]:
    direct = {source for node in nodes for source in edges[node]}
    return direct | _before(edges, direct) if direct else set()


def _execute_here(request: NodeRequest) -> NodeResult:
    folder, path = os.getcwd(), list(sys.path)
    try:
        return execute(request)
    finally:
        os.chdir(folder)
        sys.path[:] = path
