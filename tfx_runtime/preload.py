"""What the warm worker imports once for all nodes: other people's packages, never ours.

Our own rooms and the models' modules are imported in each child, so that an edit needs no restart.
Nothing here may start a thread or touch an accelerator: forks inherit neither in working order.
"""

import gc
import importlib
import logging
import os

# As in the child: Great Expectations reports to its maker unless told not to.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

MODULES = (
    "tfx.v1",
    "tfx.components.bulk_inferrer.executor",
    "tfx.components.evaluator.executor",
    "tfx.components.example_gen.csv_example_gen.executor",
    "tfx.components.example_validator.executor",
    "tfx.components.pusher.executor",
    "tfx.components.schema_gen.executor",
    "tfx.components.schema_gen.import_schema_gen.executor",
    "tfx.components.statistics_gen.executor",
    "tfx.components.trainer.executor",
    "tfx.components.transform.executor",
    "tfx.components.tuner.executor",
    "tfx.dsl.compiler.compiler",
    "tfx.orchestration.local.local_dag_runner",
    "apache_beam.runners.portability.fn_api_runner",
    "tensorflow_model_analysis",
    "great_expectations",
    "great_expectations.expectations.core",
    "great_expectations.render.renderer",
    "keras",
    "keras_tuner",
    "pandas",
    "psutil",
    "tensorflow_serving.apis.prediction_log_pb2",
)

for _name in MODULES:
    try:
        importlib.import_module(_name)
    except Exception as error:
        logging.getLogger(__name__).warning("Not preloaded: %s (%s)", _name, error)

# Pydantic imports most of itself when the first model is made.
importlib.import_module("pydantic").create_model("First", field=(int, 0))

# What was imported stays shared between the children: the collector never touches it again.
gc.collect()
gc.freeze()
