"""Runs a compiled package with TFX's own LocalDagRunner, the peer of the Airflow runs.

`python -m bench.local_dag_runner REQUEST.json [--warm]` in the TFX environment. The IR, the modules
and the files are the very ones that the Airflow run used. The process's wall time is the cold
figure; with `--warm` TFX is imported first, and the seconds printed are those of the run alone.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from tfx_contract.compiled import load_package
from tfx_contract.node import NodeRequest


def run(request: NodeRequest) -> float:
    """Runs the whole pipeline of the request; returns the seconds without the imports above it."""
    from tfx.orchestration.local.local_dag_runner import LocalDagRunner
    from tfx.proto.orchestration import pipeline_pb2

    from tfx_runtime.metadata import connection_config
    from tfx_runtime.node import enter, pipeline_of_run

    started = time.monotonic()
    folder = Path(request.package)
    enter(folder)
    pipeline = pipeline_of_run(folder, load_package(folder), request)
    deployment = pipeline_pb2.IntermediateDeploymentConfig()
    pipeline.deployment_config.Unpack(deployment)
    deployment.metadata_connection_config.Pack(connection_config(request.metadata))
    pipeline.deployment_config.Pack(deployment)
    LocalDagRunner().run_with_ir(pipeline)
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("request", type=Path)
    parser.add_argument("--warm", action="store_true")
    arguments = parser.parse_args()
    request = NodeRequest.read(arguments.request)
    os.environ["TFX_AIRFLOW_REQUEST"] = str(arguments.request.resolve())
    if arguments.warm:
        import tfx_runtime.preload  # noqa: F401
    seconds = run(request)
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
