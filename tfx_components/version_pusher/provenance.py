"""Which MLMD executions of a run led to a model, and what it was trained with."""

from __future__ import annotations

import json

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import constants
from tfx.types import standard_artifacts

from tfx_components.tuned import tuned_values
from tfx_contract.node import ParameterValue
from tfx_contract.record import Record

TRAIN_STEPS = "train_steps"


class Provenance(Record):
    """What the driver tells the executor."""

    executions: dict[str, int] = {}
    hyperparameters: dict[str, ParameterValue] = {}


def read_provenance(store: MetadataStore, pipeline: str, run_id: str, model_id: int) -> Provenance:
    """Reads both from MLMD."""
    return Provenance(
        executions=_executions(store, pipeline, run_id),
        hyperparameters=_hyperparameters(store, model_id),
    )


def _executions(store: MetadataStore, pipeline: str, run_id: str) -> dict[str, int]:
    """Those of one pipeline: MLMD knows a run by its id, which pipelines of one schedule share."""
    context = store.get_context_by_type_and_name(constants.PIPELINE_RUN_CONTEXT_TYPE_NAME, run_id)
    if context is None:
        return {}
    node_type = store.get_context_type(constants.NODE_CONTEXT_TYPE_NAME).id
    found = {}
    for execution in store.get_executions_by_context(context.id):
        for of_execution in store.get_contexts_by_execution(execution.id):
            name = of_execution.name
            if of_execution.type_id == node_type and name.startswith(f"{pipeline}."):
                found[name.removeprefix(f"{pipeline}.")] = execution.id
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _hyperparameters(store: MetadataStore, model_id: int) -> dict[str, ParameterValue]:
    """What the Trainer that made the model was given; a cached one points at the first.

    That of the Tuner comes before that of `model.yaml`, as in every `run_fn` of ours.
    """
    producers = [
        event.execution_id
        for event in store.get_events_by_artifact_ids([model_id])
        if event.type == metadata_store_pb2.Event.OUTPUT
    ]
    if not producers:
        return {}
    (trainer,) = store.get_executions_by_id([min(producers)])
    settings = _json_property(trainer, "custom_config")
    steps = _json_property(trainer, "train_args").get("num_steps")
    settings |= _tuned(store, trainer.id)
    values = {**settings, **({TRAIN_STEPS: int(str(steps))} if steps is not None else {})}
    return {k: v for k, v in values.items() if isinstance(v, bool | int | float | str)}


def _tuned(store: MetadataStore, trainer: int) -> dict[str, ParameterValue]:
    events = store.get_events_by_execution_ids([trainer])
    inputs = [e.artifact_id for e in events if e.type == metadata_store_pb2.Event.INPUT]
    found = [
        artifact
        for artifact in store.get_artifacts_by_id(inputs)
        if artifact.type == standard_artifacts.HyperParameters.TYPE_NAME
    ]
    return tuned_values(found[0].uri) if found else {}


def _json_property(execution: metadata_store_pb2.Execution, name: str) -> dict[str, object]:
    value = execution.custom_properties.get(name)
    try:
        content = json.loads(value.string_value) if value else {}
    except json.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}
