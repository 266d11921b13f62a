"""Writes a model whose compiled pipeline is made by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path

import yaml

from tfx_contract.compiled import (
    PACKAGE_FILE,
    POINTER_FILE,
    TRAIN,
    CompiledPipeline,
    NodeRecord,
    Package,
    Pointer,
)
from tfx_contract.home import Home
from tfx_contract.model_spec import StandardModelSpec
from tfx_contract.parameters import ParameterSpec, ParameterType
from tfx_contract.sources import source_files

DAG_SOURCE = "from tfx_airflow import airflow_dags\n\nairflow_dags(__file__)\n"
NODES = [
    NodeRecord(id="ExampleGen", type="CsvExampleGen"),
    NodeRecord(id="StatisticsGen", type="StatisticsGen", upstream=["ExampleGen"]),
    NodeRecord(id="Trainer", type="Trainer", upstream=["ExampleGen", "StatisticsGen"]),
]
NODE_IDS = [node.id for node in NODES]
PARAMETERS = {
    "train_steps": ParameterSpec(
        type=ParameterType.INT,
        bind=["Trainer.train_args.num_steps"],
        default=200,
        minimum=1,
        maximum=100_000,
        description="Steps of training.",
    ),
    "learning_rate": ParameterSpec(
        type=ParameterType.FLOAT, bind=["Trainer.custom_config.rate"], default=0.001, minimum=0
    ),
    "optimizer": ParameterSpec(
        type=ParameterType.CHOICE,
        bind=["Trainer.custom_config.optimizer"],
        default="adam",
        choices=["adam", "sgd"],
    ),
}


def write_model(home: Home, name: str = "taxi", **changes: object) -> Path:
    """Writes a model folder with `dag.py` and `model.yaml`; `changes` are keys of the latter."""
    folder = home.dags / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dag.py").write_text(DAG_SOURCE)
    document = {
        "description": "Will the tip exceed a fifth of the fare?",
        "data": {"uri": "data", "label": "tips"},
        "evaluation": {"label": "tips_xf", "metrics": {"AUC": {"minimum": 0.7}}},
        **changes,
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(document))
    return folder


def write_package(
    home: Home,
    name: str = "taxi",
    digest: str = "aaaa1111",
    nodes: list[NodeRecord] = NODES,
    **others: CompiledPipeline,
) -> Path:
    """Writes the compiled pipelines of the model's present `model.yaml`; new runs take them.

    Args:
      home: Where.
      name: The model's.
      digest: The package's.
      nodes: Of the training pipeline.
      **others: Other pipelines by name.
    """
    source = home.dags / name / "model.yaml"
    package = Package(
        model=name,
        digest=digest,
        spec=StandardModelSpec.model_validate(yaml.safe_load(source.read_text())),
        pipelines={TRAIN: CompiledPipeline(nodes=nodes, parameters=PARAMETERS), **others},
        modules_digest="m",
        tfx_version="1.21.0",
    )
    folder = home.compiled / name / digest
    package.write(folder / PACKAGE_FILE)
    sources = {
        relative: hashlib.sha256(path.read_bytes()).hexdigest()
        for relative, path in source_files(source.parent).items()
    }
    pointer = Pointer(digest=digest, sources=sources, compiled_at="2026-11-01T00:00:00+00:00")
    pointer.write(home.compiled / name / POINTER_FILE)
    return folder
