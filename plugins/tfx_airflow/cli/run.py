"""`run`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfx_airflow.cli.console import complain, err, quiet, say, show
from tfx_contract.home import Home

if TYPE_CHECKING:
    from tfx_airflow.api import AirflowApi
    from tfx_airflow.models import Model
    from tfx_airflow.progress import RunProgress

_INTERRUPTED_EXIT = 130
_VERDICT_STYLES = {True: "green", False: "bold red", None: ""}


def run(
    model: Annotated[str, typer.Argument(help="The model's folder name.")],
    param: Annotated[
        list[str] | None, typer.Option("--param", help="A run parameter, as name=value.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Use no cached results.")] = False,
) -> None:
    """Run a model's DAG and follow it to its end."""
    follow_run(model, param or [], force)


def follow_run(name: str, assignments: list[str], force: bool) -> None:
    """Runs a model; exits 1 when the run failed."""
    from tfx_airflow.api import AirflowApi
    from tfx_airflow.models import find_model
    from tfx_airflow.progress import RunProgress

    model = find_model(Home.from_environment(), name)
    layout = _make_ready(model, assignments)
    with AirflowApi(layout) as api:
        run_id = _trigger(api, model, assignments, force)
        url = f"{layout.address()}/dags/{name}/runs/{run_id}"
        say(f"run {run_id}: {url}")
        progress = RunProgress(api, name, run_id, [node.id for node in model.package().nodes])
        _follow(progress, url)
        _summarise(api, progress)
    show(f"Airflow's UI: {url}")
    if progress.state != "success":
        raise typer.Exit(1)


def _make_ready(model: Model, assignments: list[str]) -> Any:
    from tfx_airflow.deployment.local import LocalDeployment
    from tfx_airflow.parameters import parse_assignments

    if not model.pin.stale and model.pin.digest:
        # A mistake on the command line is told before the long start.
        parse_assignments(assignments, model.package().parameters)
    deployment = LocalDeployment()
    deployment.up(say)
    model.bring_up_to_date(say, quiet)
    return deployment.layout


def _trigger(api: AirflowApi, model: Model, assignments: list[str], force: bool) -> str:
    from tfx_airflow.models import wait_until_parsed
    from tfx_airflow.parameters import parse_assignments
    from tfx_contract.parameters import FORCE_FULL_RUN

    values = parse_assignments(assignments, model.package().parameters)
    wait_until_parsed(api, model)
    api.unpause(model.name)
    return api.trigger(model.name, {**values, FORCE_FULL_RUN: force})


def _follow(progress: RunProgress, url: str) -> None:
    from tfx_airflow.cli.run_view import show_until_end

    try:
        show_until_end(progress, err)
    except KeyboardInterrupt:
        say(f"The run goes on: {url}")
        say("Stop it there with 'Mark run as failed', or stop everything: tfx-airflow down")
        raise typer.Exit(_INTERRUPTED_EXIT) from None


def _summarise(api: AirflowApi, progress: RunProgress) -> None:
    show()
    for node in progress.nodes:
        result = api.result(progress.dag_id, progress.run_id, node)
        if result:
            _show_facts(node, result.get("summary", {}))
    for failed in progress.failed_nodes:
        complain(f"{failed.node} failed:")
        for line in progress.error_of(failed):
            complain(f"  {line.removeprefix('ERROR ')}")
    show(
        f"{progress.dag_id}: {progress.state}",
        "green" if progress.state == "success" else "bold red",
    )


def _show_facts(node: str, summary: Mapping[str, Any]) -> None:
    from tfx_airflow.summary import describe_verdict, verdicts_of

    verdicts = verdicts_of(summary)
    if verdicts:
        show(f"{node}: metrics")
    # A slice without a threshold is left to the node's log: there are hundreds of them.
    shown = [verdict for verdict in verdicts if not verdict.slice or verdict.passed is not None]
    for verdict in shown:
        show(f"  {describe_verdict(verdict)}", _VERDICT_STYLES[verdict.passed])
    if len(shown) < len(verdicts):
        show(f"  and {len(verdicts) - len(shown)} of slices, in the log of {node}")
    if "blessed" in summary:
        because = summary.get("not_blessed_because") or ""
        verdict_text = "blessed" if summary["blessed"] else f"NOT blessed: {_joined(because)}"
        show(f"{node}: {verdict_text}", "green" if summary["blessed"] else "bold red")
    if "pushed" in summary:
        show(f"{node}: {_push_line(summary)}")


def _push_line(summary: Mapping[str, Any]) -> str:
    if summary["pushed"]:
        return f"version {summary.get('version')} lies in {summary.get('path')}"
    return f"nothing pushed: {summary.get('reason', 'no reason given')}"


def _joined(reasons: Any) -> str:
    return "; ".join(map(str, reasons)) if isinstance(reasons, list) else str(reasons)
