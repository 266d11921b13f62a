"""Builds the training pipeline of a model from its `model.yaml` and the files beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfx.components import (
    CsvExampleGen,
    Evaluator,
    ExampleValidator,
    SchemaGen,
    StatisticsGen,
    Trainer,
    Transform,
)
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import example_gen_pb2, trainer_pb2
from tfx.types import standard_artifacts
from tfx.types.channel import BaseChannel, Channel

from tfx_components.anomaly_gate.component import AnomalyGate
from tfx_components.data_gate.component import DataGate
from tfx_components.data_gate.expectations import parse_expectations
from tfx_components.data_gate.files import CSV_PATTERN
from tfx_components.model_check.component import ModelCheck
from tfx_components.model_check.golden_requests import parse_golden_requests
from tfx_components.version_pusher.component import VersionPusher
from tfx_contract.errors import CompileError, InputError
from tfx_contract.model_spec import StandardModelSpec
from tfx_runtime.eval_config import eval_config

PackageFile = Callable[[Path], str]

_SCHEMA_HINT = "tfx-airflow schema {model} --write proposes one from the data."
_FILES = {
    "features.py": "It holds preprocessing_fn.",
    "trainer.py": "It holds run_fn.",
    "schema.pbtxt": _SCHEMA_HINT,
    "expectations.json": "It holds the expectations on the raw data; [] for none.",
    "golden_requests.json": "It holds rows that every model must answer.",
}


def create_pipeline(
    spec: StandardModelSpec,
    folder: Path,
    package_file: PackageFile = str,
    pipeline_root: str | None = None,
) -> tfx_pipeline.Pipeline:
    """The training pipeline of the model in `folder`.

    Args:
      spec: What its `model.yaml` says.
      folder: The model's folder; its name is the pipeline's.
      package_file: Takes a file of the folder into the package and returns the path by which the
        IR names it. That path shows the file's content, because TFX's cache key has nothing else.
      pipeline_root: Left out, it is TFX's runtime parameter, and the IR the same on any machine.

    Raises:
      CompileError: a file of the folder is missing or has a mistake.
    """
    _require_files(folder)
    return tfx_pipeline.Pipeline(
        pipeline_name=folder.name,
        pipeline_root=pipeline_root or str(tfx_pipeline.ROOT_PARAMETER),
        components=_components(spec, folder, package_file),
        enable_cache=True,
        beam_pipeline_args=list(spec.execution.beam_args),
    )


def _components(spec: StandardModelSpec, folder: Path, package_file: PackageFile) -> list[BaseNode]:
    gate = _data_gate(spec, folder)
    schema = ImportSchemaGen(schema_file=package_file(folder / "schema.pbtxt")).with_id(
        "CuratedSchema"
    )
    examples = _example_gen(spec)
    examples.add_upstream_node(gate)
    curated, rows = schema.outputs["schema"], examples.outputs["examples"]
    statistics = StatisticsGen(examples=rows)
    inferred = SchemaGen(statistics=statistics.outputs["statistics"])
    validator = ExampleValidator(statistics=statistics.outputs["statistics"], schema=curated)
    anomalies = AnomalyGate(anomalies=validator.outputs["anomalies"])
    transform = _transform(spec, folder, rows, curated)
    trainer = _trainer(spec, folder, transform, curated)
    trainer.add_upstream_node(anomalies)
    baseline = _baseline()
    evaluator = Evaluator(
        examples=rows,
        model=trainer.outputs["model"],
        baseline_model=baseline.outputs["model"],
        schema=curated,
        eval_config=eval_config(spec.evaluation),
    )
    check = ModelCheck(
        model=trainer.outputs["model"],
        transform_graph=transform.outputs["transform_graph"],
        golden_requests=_checked(folder / "golden_requests.json", parse_golden_requests),
    )
    nodes = [gate, schema, examples, statistics, inferred, validator, anomalies]
    nodes += [transform, trainer, baseline, evaluator, check]
    if spec.push.enabled:
        pusher = VersionPusher(
            model=trainer.outputs["model"],
            model_blessing=evaluator.outputs["blessing"],
            infra_blessing=check.outputs["blessing"],
            baseline=baseline.outputs["model"],
            data_report=gate.outputs["report"],
            evaluation=evaluator.outputs["evaluation"],
            examples=rows,
            schema=curated,
            statistics=statistics.outputs["statistics"],
            transform_graph=transform.outputs["transform_graph"],
        )
        nodes.append(pusher.with_id("Pusher"))
    return nodes


def _data_gate(spec: StandardModelSpec, folder: Path) -> DataGate:
    return DataGate(
        data_uri=spec.data.uri,
        format=spec.data.format.value,
        label=spec.data.label,
        expectations=_checked(folder / "expectations.json", parse_expectations),
    )


def _example_gen(spec: StandardModelSpec) -> CsvExampleGen:
    pattern = example_gen_pb2.Input.Split(name="single_split", pattern=CSV_PATTERN)
    return CsvExampleGen(
        input_base=spec.data.uri, input_config=example_gen_pb2.Input(splits=[pattern])
    ).with_id("ExampleGen")


def _transform(
    spec: StandardModelSpec, folder: Path, examples: BaseChannel, schema: BaseChannel
) -> Transform:
    return Transform(
        examples=examples,
        schema=schema,
        module_file=str(folder / "features.py"),
        # Nothing here feeds the cache back in, and writing it costs Beam stages.
        disable_analyzer_cache=True,
        disable_statistics=not spec.execution.transform_statistics,
    )


def _trainer(
    spec: StandardModelSpec, folder: Path, transform: Transform, schema: BaseChannel
) -> Trainer:
    settings: dict[str, Any] = dict(spec.training.hyperparameters)
    return Trainer(
        module_file=str(folder / "trainer.py"),
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema,
        train_args=trainer_pb2.TrainArgs(num_steps=spec.training.steps),
        eval_args=trainer_pb2.EvalArgs(num_steps=spec.training.eval_steps),
        custom_config=settings,
    )


def _baseline() -> Resolver:
    return Resolver(
        strategy_class=LatestBlessedModelStrategy,
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
    ).with_id("Baseline")


def _checked(path: Path, parse: Callable[[str], object]) -> str:
    """The text of a file that the run will parse; its mistakes are better known now."""
    text = _read(path)
    try:
        parse(text)
    except InputError as error:
        raise CompileError(f"{path.parent}/{error}") from error
    return text


def _require_files(folder: Path) -> None:
    for name, hint in _FILES.items():
        if not (folder / name).is_file():
            raise CompileError(
                f"{folder / name}: there is no such file; a model folder holds one. "
                f"{hint.format(model=folder.name)}"
            )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CompileError(f"{path}: expected text in UTF-8: {error}") from error
