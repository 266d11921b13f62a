"""What a TFX pipeline may hold and an Airflow run cannot give, refused with what to do instead."""

from __future__ import annotations

from tfx.dsl.control_flow.for_each_internal import ForEachContext
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.kubeflow.decorators import FinalStatusStr
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from tfx_contract.errors import CompileError

_INFRA_VALIDATOR = "tfx.components.infra_validator."


def refuse_unsupported(pipeline: tfx_pipeline.Pipeline) -> None:
    """What only the pipeline itself says, and its IR no longer.

    Raises:
      CompileError: a node runs once for each artifact, or waits for the end of the run.
    """
    for node in pipeline.components:
        contexts = pipeline.dsl_context_registry.get_contexts(node)
        if any(isinstance(context, ForEachContext) for context in contexts):
            raise CompileError(
                f"Node '{node.id}' is in a ForEach, and TFX's launcher runs a node once. Take the "
                "loop into the component: its input channel hands it all the artifacts."
            )
        for key, value in node.exec_properties.items():
            if isinstance(value, FinalStatusStr):
                raise CompileError(
                    f"Node '{node.id}' is an exit handler: '{key}' is the final status that Vertex "
                    "AI alone fills in. Take the node out; Airflow has teardown tasks and the "
                    "callbacks on_success_callback and on_failure_callback for what comes last."
                )


def refuse_options(node: pipeline_pb2.PipelineNode) -> None:
    """Raises CompileError when a node asks for what no Airflow task can do."""
    name = node.node_info.id
    if node.node_info.type.name.startswith(_INFRA_VALIDATOR):
        raise CompileError(
            f"Node '{name}' is an InfraValidator, which starts TensorFlow Serving in Docker or "
            "Kubernetes. Use tfx_components.model_check.component.ModelCheck in its place: it asks "
            "every signature golden requests, and its output 'blessing' goes into the Pusher's "
            "infra_blessing."
        )
    if node.execution_options.node_success_optional:
        raise CompileError(
            f"Node '{name}' has success_optional: a run would have to succeed although a task of "
            "it failed. Catch the failure inside of the component, or give the nodes after it the "
            "trigger strategy ALL_UPSTREAM_NODES_COMPLETED."
        )


def refuse_containers(pipeline: pipeline_pb2.Pipeline) -> None:
    """Raises CompileError for the first node that is a container image."""
    deployment = pipeline_pb2.IntermediateDeploymentConfig()
    pipeline.deployment_config.Unpack(deployment)
    for node_id, spec in sorted(deployment.executor_specs.items()):
        container = executable_spec_pb2.ContainerExecutableSpec()
        if spec.Unpack(container):
            raise CompileError(
                f"Node '{node_id}' runs the container image '{container.image}'. Nodes run in the "
                "TFX environment here; write it as a Python function component, or run the image "
                "in an Airflow task of its own before or after the model's DAG."
            )
