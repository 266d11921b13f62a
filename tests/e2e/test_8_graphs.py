"""Any graph that TFX can compile is the DAG that Airflow shows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.deployment import Deployment
from tfx_airflow.dags import build_dag
from tfx_airflow.pins import Pin
from tfx_airflow.runner import Tfx, compile_model
from tfx_contract.compiled import TRAIN, load_package
from tfx_contract.home import tfx_python

GRAPHS = Path(__file__).parent / "graphs"
Graph = dict[str, dict[str, Any]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Nodes with up to two inputs, control edges and conditions; the order is topological."""
    names = [f"Node{number}" for number in range(draw(st.integers(1, 15)))]
    graph: Graph = {}
    for name in names:
        graph[name] = {"data": [], "control": [], "condition": None}
        if len(graph) > 1:
            earlier = st.sampled_from(list(graph)[:-1])
            graph[name] = {
                "data": draw(st.lists(earlier, unique=True, max_size=2)),
                "control": draw(st.lists(earlier, unique=True, max_size=3)),
                "condition": draw(st.none() | earlier),
            }
    return graph


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_the_dag_has_exactly_the_nodes_and_edges_of_the_ir(
    deployment: Deployment, graph: Graph
) -> None:
    folder = deployment.home.dags.parent / "graphs" / "random_graph"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(GRAPHS / "pipeline.py", folder)
    spec = {"pipeline": {"arguments": {"graph": json.dumps(graph)}}}
    (folder / "model.yaml").write_text(yaml.safe_dump(spec))
    tfx = Tfx(deployment.home.worker_socket, [str(tfx_python())])
    compiled = folder.parent / "compiled"
    digest = compile_model(folder, compiled, lambda line: None, tfx)
    package = compiled / folder.name / digest
    dag = build_dag(load_package(package), TRAIN, package, Pin(digest=digest))
    rendered = {task.task_id: set(task.upstream_task_ids) for task in dag.tasks}
    assert rendered == _edges_of_ir(package)
    assert rendered == {
        name: {*node["data"], *node["control"], *filter(None, [node["condition"]])}
        for name, node in graph.items()
    }


def _edges_of_ir(package: Path) -> dict[str, set[str]]:
    document = json.loads((package / "train.ir.json").read_text())
    nodes = [entry["pipeline_node"] for entry in document["nodes"]]
    return {node["node_info"]["id"]: set(node.get("upstream_nodes", [])) for node in nodes}
