"""What `doctor` looks at on the Airflow side."""

from __future__ import annotations

from collections.abc import Iterator

from tfx_airflow.deployment import ports
from tfx_airflow.deployment.local import API_SERVER, WORKER, LocalDeployment
from tfx_airflow.models import Model, all_models
from tfx_airflow.worker_client import WorkerClient, WorkerError
from tfx_contract.errors import PackageError
from tfx_contract.home import Home
from tfx_setup.checks import Finding, findings
from tfx_setup.layout import Layout
from tfx_setup.machine import Machine

# Linux allows 107 bytes, macOS 103.
_SOCKET_PATH_BYTES = 103


def all_findings() -> list[Finding]:
    """Everything: the machine and the environments first."""
    home = Home.from_environment()
    port = ports.AIRFLOW.wanted()
    machine = findings(Layout(), Machine.here(), port=port)
    if _serves(home):
        # The port is taken, and that by us.
        machine = [finding for finding in machine if finding.name != f"port {port}"]
    return [*machine, *deployment(home), *compiled_pipelines(home)]


def _serves(home: Home) -> bool:
    components = LocalDeployment(home).components()
    return any(component.name == API_SERVER and component.process() for component in components)


def deployment(home: Home) -> Iterator[Finding]:
    """The background processes and the warm worker's socket."""
    yield _socket_path(home)
    components = LocalDeployment(home).components()
    if not any(component.was_started for component in components):
        yield Finding("Airflow", True, "not started")
        return
    for component in components:
        process = component.process()
        found = f"process {process.pid}" if process else f"ended by itself; see {component.log}"
        yield Finding(component.name, process is not None, found, "tfx-airflow up")
        if component.name == WORKER and process:
            yield _worker(home)


def compiled_pipelines(home: Home) -> Iterator[Finding]:
    """Whether each model has a compiled pipeline, whole and up to date."""
    for model in all_models(home):
        yield _compiled(model)


def _compiled(model: Model) -> Finding:
    name, fix = f"compiled pipeline of {model.name}", f"tfx-airflow compile {model.name}"
    pin = model.pin
    if pin.digest is None:
        return Finding(name, False, pin.why, fix)
    try:
        model.package()
    except PackageError as error:
        return Finding(name, False, str(error), fix)
    if pin.stale:
        return Finding(name, False, f"{pin.digest} is stale, {pin.why}", fix)
    return Finding(name, True, pin.digest)


def _worker(home: Home) -> Finding:
    fix = "wait until it has imported TFX; if that lasts: tfx-airflow down, then tfx-airflow up"
    try:
        answer = WorkerClient(home.worker_socket).ping()
    except WorkerError as error:
        return Finding("worker socket", False, str(error), fix)
    return Finding("worker socket", bool(answer.get("ready")), f"{home.worker_socket} answers", fix)


def _socket_path(home: Home) -> Finding:
    length = len(str(home.worker_socket).encode())
    return Finding(
        "worker socket path",
        length <= _SOCKET_PATH_BYTES,
        f"{length} bytes, {_SOCKET_PATH_BYTES} at most",
        "set TFX_AIRFLOW_HOME to a shorter path",
    )
