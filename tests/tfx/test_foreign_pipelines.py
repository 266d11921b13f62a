"""The example pipelines that ship with TFX, from the installed package: each runs as it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
import tfx as installed

from tests.tfx.foreign import Model, Results
from tests.tfx.harness import WorkerProcess
from tfx_contract.errors import CompileError
from tfx_contract.node import NodeState

EXAMPLES = Path(installed.__file__).parent / "examples"
TEMPLATES = Path(installed.__file__).parent / "experimental" / "templates"
TAXI_DATA = "package://tfx/examples/chicago_taxi_pipeline/data/simple"
PENGUIN_COLUMNS = "species,culmen_length_mm,culmen_depth_mm,flipper_length_mm,body_mass_g"


@dataclass
class Example:
    """One example pipeline; `{home}` in an argument is the folder of the test."""

    function: str
    arguments: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[Model], None] = lambda model: None
    steps: tuple[str, ...] = ("Trainer.train_args", "Trainer.eval_args")
    nodes: int = 9
    pushes: bool = True
    train_steps: int = 4
    until: str = ""
    nothing: str = ""


def _digits(model: Model) -> None:
    """TFRecords in the shape of MNIST."""
    folder = model.home / "digits"
    folder.mkdir()
    with tf.io.TFRecordWriter(str(folder / "digits.tfrecord")) as writer:
        for n in range(200):
            pixels = [(n % 10) / 10 - 0.5] * 784
            example = tf.train.Example()
            example.features.feature["image_floats"].float_list.value.extend(pixels)
            example.features.feature["image_class"].int64_list.value.append(n % 10)
            writer.write(example.SerializeToString())


def _penguins(model: Model) -> None:
    """Three species that differ in every measure, labelled and not."""
    rows = [
        [n % 3, *[round((n % 3) / 4 + n % 7 / 50 + m / 100, 3) for m in range(4)]]
        for n in range(90)
    ]
    _write_csv(model, "labelled", PENGUIN_COLUMNS, rows)
    _write_csv(model, "unlabelled", PENGUIN_COLUMNS.partition(",")[2], [r[1:] for r in rows[:9]])
    _write_csv(model, "skewed", PENGUIN_COLUMNS, [[r[0], *[v + 1 for v in r[1:]]] for r in rows])


def _write_csv(model: Model, name: str, header: str, rows: list[list[float]]) -> None:
    folder = model.home / "penguins" / name
    folder.mkdir(parents=True)
    lines = [header, *[",".join(map(str, row)) for row in rows]]
    (folder / "penguins.csv").write_text("\n".join(lines) + "\n")


def _reviews(model: Model) -> None:
    """The wheel has them as a text file; CsvExampleGen looks for no name."""
    folder = model.home / "reviews"
    folder.mkdir()
    shutil.copy(EXAMPLES / "imdb/data/imdb_small_with_labels.txt", folder / "reviews.csv")


def _penguin_arguments(**changes: Any) -> dict[str, Any]:
    return {
        "data_root": "{home}/penguins",
        "module_file": "package://tfx/examples/penguin/penguin_utils_keras.py",
        "accuracy_threshold": 0.1,
        "serving_model_dir": "{home}/serving",
        "user_provided_schema_path": None,
        "enable_tuning": False,
        "enable_bulk_inferrer": True,
        "enable_example_diff": False,
        "examplegen_input_config": None,
        "examplegen_range_config_date": None,
        "resolver_range_config": None,
        "enable_transform_input_cache": True,
        **changes,
    }


def _template(name: str, run_fn: str) -> dict[str, Any]:
    models = f"tfx.experimental.templates.{name}.models"
    return {
        "preprocessing_fn": f"{models}.preprocessing.preprocessing_fn",
        "run_fn": f"{models}.{run_fn}",
        "train_args": {"num_steps": 5},
        "eval_args": {"num_steps": 2},
        "eval_accuracy_threshold": 0.1,
        "serving_model_dir": "{home}/serving",
    }


RUNS = {
    "chicago_taxi_pipeline/taxi_pipeline_native_keras": Example(
        "tfx.examples.chicago_taxi_pipeline.taxi_pipeline_native_keras:_create_pipeline",
        {
            "data_root": TAXI_DATA,
            "module_file": "package://tfx/examples/chicago_taxi_pipeline/"
            "taxi_utils_native_keras.py",
            "serving_model_dir": "{home}/serving",
        },
    ),
    "chicago_taxi_pipeline/taxi_pipeline_simple": Example(
        "tfx.examples.chicago_taxi_pipeline.taxi_pipeline_simple:_create_pipeline",
        {
            "data_root": TAXI_DATA,
            "module_file": "package://tfx/examples/chicago_taxi_pipeline/taxi_utils.py",
            "serving_model_dir": "{home}/serving",
        },
        # Its Evaluator asks for a signature that its own module no longer makes.
        nodes=7,
        until="Trainer",
        pushes=False,
    ),
    "penguin/penguin_pipeline_local": Example(
        "tfx.examples.penguin.penguin_pipeline_local:create_pipeline",
        _penguin_arguments(),
        _penguins,
        nodes=11,
        nothing="transform_cache_resolver",
    ),
    "penguin/penguin_pipeline_sklearn_local": Example(
        "tfx.examples.penguin.experimental.penguin_pipeline_sklearn_local:_create_pipeline",
        {
            "data_root": "{home}/penguins",
            "trainer_module_file": "package://tfx/examples/penguin/experimental/"
            "penguin_utils_sklearn.py",
            "evaluator_module_file": "",
            "serving_model_dir": "{home}/serving",
        },
        _penguins,
        steps=("Trainer.train_args",),
        train_steps=200,
        nodes=7,
    ),
    "imdb/imdb_pipeline_native_keras": Example(
        "tfx.examples.imdb.imdb_pipeline_native_keras:_create_pipeline",
        {
            "data_root": "{home}/reviews",
            "module_file": "package://tfx/examples/imdb/imdb_utils_native_keras.py",
            "serving_model_dir": "{home}/serving",
        },
        _reviews,
    ),
    "mnist/mnist_pipeline_native_keras": Example(
        "tfx.examples.mnist.mnist_pipeline_native_keras:_create_pipeline",
        {
            "data_root": "{home}/digits",
            "module_file": "package://tfx/examples/mnist/mnist_utils_native_keras.py",
            "serving_model_dir": "{home}/serving",
            "accuracy_threshold": 0.0,
        },
        _digits,
        steps=("Trainer.mnist.train_args", "Trainer.mnist.eval_args"),
        nodes=8,
    ),
    "custom_components/hello_world": Example(
        "tfx.examples.custom_components.hello_world.example.taxi_pipeline_hello:_create_pipeline",
        {"data_root": TAXI_DATA},
        steps=(),
        nodes=3,
        pushes=False,
    ),
    "templates/taxi": Example(
        "tfx.experimental.templates.taxi.pipeline.pipeline:create_pipeline",
        {"data_path": TAXI_DATA, **_template("taxi", "keras_model.model.run_fn")},
        steps=(),
        nodes=1,
        pushes=False,
    ),
    "templates/taxi, filled in": Example(
        "pipeline.pipeline:create_pipeline",
        {
            **_template("taxi", ""),
            "data_path": "{home}/trips",
            "preprocessing_fn": "models.preprocessing.preprocessing_fn",
            "run_fn": "models.keras_model.model.run_fn",
        },
        lambda model: _filled_in_template(model),
        steps=(),
        nodes=8,
    ),
    "templates/penguin": Example(
        "tfx.experimental.templates.penguin.pipeline.pipeline:create_pipeline",
        {"data_path": "{home}/penguins/labelled", **_template("penguin", "model.run_fn")},
        _penguins,
        steps=(),
        nodes=3,
        pushes=False,
    ),
}


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return Model(tmp_path)


def _filled(value: Any, model: Model) -> Any:
    return value.replace("{home}", str(model.home)) if isinstance(value, str) else value


def _declare(model: Model, example: Example) -> None:
    pipeline = {
        "function": example.function,
        "arguments": {k: _filled(v, model) for k, v in example.arguments.items()},
    }
    parameters = {
        place.rpartition(".")[2]: {
            "type": "int",
            "bind": f"{place}.num_steps",
            "default": example.train_steps,
        }
        for place in example.steps
    }
    model.say(pipeline=pipeline, parameters=parameters)


def _filled_in_template(model: Model) -> None:
    """What `tfx template copy` makes of the taxi template, all of its steps switched on."""
    lines = (EXAMPLES / "chicago_taxi_pipeline/data/simple/data.csv").read_text().splitlines()
    model.write(str(model.home / "trips" / "trips.csv"), "\n".join(lines[:600]))
    template = TEMPLATES / "taxi"
    for source in template.glob("[mp]*/**/*.py"):
        text = source.read_text().replace("tfx.experimental.templates.taxi.", "")
        text = text.replace("# components.append(", "components.append(")
        model.write(str(source.relative_to(template)), text)


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest,
    worker: WorkerProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, tuple[Model, Future[Results]]]]:
    """Those that were asked for, two at a time."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    asked = [item.callspec.params["name"] for item in items if item.originalname == WHOLE.__name__]
    models = {name: _compiled(RUNS[name], tmp_path_factory.mktemp("foreign")) for name in asked}
    with ThreadPoolExecutor(2) as pool:
        yield {name: (m, pool.submit(_run, name, m, worker)) for name, m in models.items()}


def _compiled(example: Example, home: Path) -> Model:
    model = Model(home)
    example.prepare(model)
    _declare(model, example)
    model.compile()
    return model


def _run(name: str, model: Model, worker: WorkerProcess) -> Results:
    steps = {name: spec.default for name, spec in model.pipeline.parameters.items()}
    return model.run(worker, until=RUNS[name].until, parameters=steps)


@pytest.mark.parametrize("name", RUNS)
def test_an_example_of_tfx_runs_as_it_is(
    name: str, runs: dict[str, tuple[Model, Future[Results]]]
) -> None:
    model, future = runs[name]
    results = future.result()
    assert len(results) == RUNS[name].nodes
    skipped = {RUNS[name].nothing} - {""}
    assert {n for n, r in results.items() if r.state is not NodeState.COMPLETE} == skipped
    # What a few steps have trained is sometimes not good enough to be blessed.
    pushes = RUNS[name].pushes and not list(model.home.glob("root/**/NOT_BLESSED"))
    assert bool(list(model.home.glob("serving/*/*"))) == pushes


WHOLE = test_an_example_of_tfx_runs_as_it_is


# Examples that cannot run here, or with this version of TFX at all.


@dataclass
class Impossible:
    function: str
    arguments: dict[str, Any]
    why: str


CANNOT_RUN = {
    "penguin_pipeline_local_infraval": Impossible(
        "tfx.examples.penguin.penguin_pipeline_local_infraval:_create_pipeline",
        {
            "data_root": "/data",
            "module_file": "package://tfx/examples/penguin/penguin_utils_keras.py",
            "accuracy_threshold": 0.1,
            "serving_model_dir": "/serving",
            "user_provided_schema_path": "/schema.pbtxt",
            "infra_validator_host_ip_address": "localhost",
            "make_warmup": True,
        },
        "Node 'InfraValidator' is an InfraValidator.*ModelCheck",
    ),
    "container_components": Impossible(
        "tfx.examples.custom_components.container_components.download_grep_print_pipeline:"
        "create_pipeline_component_instances",
        {"text_url": "https://example.org", "pattern": "x"},
        "returned a list of 3; expected a TFX Pipeline",
    ),
    "presto_example_gen": Impossible(
        "tfx.examples.custom_components.presto_example_gen.example.taxi_pipeline_presto:"
        "_create_pipeline",
        {},
        "importing .* raised ModuleNotFoundError: No module named 'prestodb'",
    ),
    "slack": Impossible(
        "tfx.examples.custom_components.slack.example.taxi_pipeline_slack:_create_pipeline",
        {},
        "importing .* raised ModuleNotFoundError: No module named 'slack'",
    ),
    "ranking": Impossible(
        "tfx.examples.ranking.ranking_pipeline:_create_pipeline",
        {"data_root": "/data", "module_file": "/utils.py", "serving_model_dir": "/serving"},
        "'tensorflow_model_analysis' has no attribute 'PaddingOptions'",
    ),
}


@pytest.mark.parametrize("name", CANNOT_RUN)
def test_an_example_that_cannot_run_is_refused_with_the_reason(name: str, model: Model) -> None:
    example = CANNOT_RUN[name]
    model.say(pipeline={"function": example.function, "arguments": example.arguments})
    with pytest.raises(CompileError, match=example.why):
        model.compile()


# Their data, their modules or their cloud are not to be had; their graphs are.
COMPILES = {
    "airflow_workshop.taxi.setup.dags.taxi_pipeline": "airflow_workshop/taxi/setup/dags/taxi_utils",
    "bert.cola.bert_cola_pipeline": "bert/cola/bert_cola_utils",
    "bert.mrpc.bert_mrpc_pipeline": "bert/mrpc/bert_mrpc_utils",
}


@pytest.mark.parametrize("name", COMPILES)
def test_an_example_without_its_data_compiles(name: str, model: Model) -> None:
    arguments = {
        "data_root": "/data",
        "module_file": f"package://tfx/examples/{COMPILES[name]}.py",
        "serving_model_dir": "/serving",
    }
    function = f"tfx.examples.{name}:_create_pipeline"
    model.say(pipeline={"function": function, "arguments": arguments})
    assert len(model.compile().nodes) == 9


def test_the_runtime_parameters_of_an_example_become_those_of_a_run(model: Model) -> None:
    arguments = {
        "data_root": "/data",
        "module_file": "package://tfx/examples/penguin/penguin_utils_keras.py",
        "ai_platform_training_args": {},
        "ai_platform_serving_args": {},
        "enable_tuning": False,
        "user_provided_schema_path": "/schema.pbtxt",
        "use_cloud_component": False,
        "use_aip": False,
        "use_vertex": False,
        "serving_model_dir": "/serving",
    }
    function = "tfx.examples.penguin.penguin_pipeline_kubeflow:create_pipeline"
    model.say(pipeline={"function": function, "arguments": arguments})
    assert {name: (p.bind, p.default) for name, p in model.compile().parameters.items()} == {
        "train-args": (["Trainer.train_args"], '{"num_steps" : 100}'),
        "eval-args": (["Trainer.eval_args"], '{"num_steps": 50}'),
    }
