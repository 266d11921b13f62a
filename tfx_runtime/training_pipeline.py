"""Builds the training pipeline of a model from its `model.yaml` and the files beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tfx.components import Evaluator, ExampleValidator, SchemaGen, StatisticsGen
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.types import standard_artifacts
from tfx.types.channel import Channel

from tfx_components.anomaly_gate.component import AnomalyGate
from tfx_components.data_gate.component import DataGate
from tfx_components.data_gate.expectations import parse_expectations
from tfx_components.data_preparation.component import DataPreparation
from tfx_components.live_baseline import LiveBaseline
from tfx_components.model_check.component import ModelCheck
from tfx_components.model_check.golden_requests import parse_golden_requests
from tfx_components.version_pusher.component import VersionPusher
from tfx_components.version_pusher.request import versions_in
from tfx_contract.model_spec import StandardModelSpec
from tfx_runtime.eval_config import eval_config
from tfx_runtime.input_rows import TRAINING_SPLITS, example_gen, span_of_run
from tfx_runtime.learning import Learner
from tfx_runtime.model_files import checked_text, require_files
from tfx_runtime.watching import Trained, watch

PackageFile = Callable[[Path], str]


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
    require_files(folder, _files(spec, folder.name))
    return tfx_pipeline.Pipeline(
        pipeline_name=folder.name,
        pipeline_root=pipeline_root or str(tfx_pipeline.ROOT_PARAMETER),
        components=_components(spec, folder, package_file, pipeline_root),
        enable_cache=True,
        beam_pipeline_args=list(spec.execution.beam_args),
    )


def _files(spec: StandardModelSpec, model: str) -> dict[str, str]:
    """What the folder must hold, and what to say when it does not."""
    tuner = " and, for 'tuning' of model.yaml, tuner_fn" if spec.tuning else ""
    prepare = {spec.data.prepare: "It holds prepare(folder)."} if spec.data.prepare else {}
    return {
        "features.py": "It holds preprocessing_fn.",
        "trainer.py": f"It holds run_fn{tuner}.",
        "schema.pbtxt": f"tfx-airflow schema {model} --write proposes one from the data.",
        "expectations.json": "It holds the expectations on the raw data; [] for none.",
        "golden_requests.json": "It holds rows that every model must answer.",
        **prepare,
    }


def _components(
    spec: StandardModelSpec, folder: Path, package_file: PackageFile, pipeline_root: str | None
) -> list[BaseNode]:
    prepared = _preparation(spec, folder)
    gate = _data_gate(spec, folder)
    for preparation in prepared:
        gate.add_upstream_node(preparation)
    schema = ImportSchemaGen(schema_file=package_file(folder / "schema.pbtxt")).with_id(
        "CuratedSchema"
    )
    examples = example_gen(spec.data, TRAINING_SPLITS, spec.spans.window)
    examples.add_upstream_node(gate)
    curated, rows = schema.outputs["schema"], examples.outputs["examples"]
    statistics = StatisticsGen(examples=rows)
    inferred = SchemaGen(statistics=statistics.outputs["statistics"])
    validator = ExampleValidator(statistics=statistics.outputs["statistics"], schema=curated)
    anomalies = AnomalyGate(anomalies=validator.outputs["anomalies"])
    learner = Learner(spec, folder, curated)
    transform = learner.transform(rows)
    tuning, tuned = learner.tuning(transform)
    trainer = learner.trainer(transform, tuned)
    # Neither tries out hyperparameters nor trains on anomalies.
    for node in [*tuning[:1], trainer]:
        node.add_upstream_node(anomalies)
    baseline = _baseline(pipeline_root)
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
        golden_requests=checked_text(folder / "golden_requests.json", parse_golden_requests),
    )
    nodes = [*prepared, gate, schema, examples, statistics, inferred, validator, anomalies]
    nodes += [transform, *tuning, trainer, baseline, evaluator, check]
    trained = Trained(gate, rows, curated, trainer.outputs["model"], baseline.outputs["model"])
    watching, watched = watch(spec, trained)
    nodes += watching
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
            **watched,
        )
        nodes.append(pusher.with_id("Pusher"))
    return nodes


def _preparation(spec: StandardModelSpec, folder: Path) -> list[BaseNode]:
    if spec.data.prepare is None:
        return []
    return [DataPreparation(data_uri=spec.data.uri, module_file=str(folder / spec.data.prepare))]


def _data_gate(spec: StandardModelSpec, folder: Path) -> DataGate:
    return DataGate(
        data_uri=spec.data.uri,
        format=spec.data.format.value,
        pattern=spec.data.files,
        span=span_of_run(spec.data),
        window=spec.spans.window,
        label=spec.data.label,
        expectations=checked_text(folder / "expectations.json", parse_expectations),
    )


def _baseline(pipeline_root: str | None) -> Resolver:
    return Resolver(
        strategy_class=LiveBaseline,
        config={"versions": str(versions_in(pipeline_root))} if pipeline_root else None,
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
    ).with_id("Baseline")
