"""`run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfx_airflow.cli.console import complain, err, quiet, say, show
from tfx_contract.compiled import SCORE, TRAIN, dag_id
from tfx_contract.home import Home
from tfx_contract.parameters import RunOption

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
    first: Annotated[
        str | None,
        typer.Option("--from", help="Run from this node on, on what was last published before it."),
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Run up to this node.")] = None,
    span: Annotated[
        str | None, typer.Option(help="Span to learn from, a number or a date.")
    ] = None,
    tune: Annotated[bool, typer.Option("--tune", help="Look for better hyperparameters.")] = False,
    push: Annotated[bool | None, typer.Option(help="Push a blessed model, or do not.")] = None,
) -> None:
    """Run a model's DAG and follow it to its end."""
    options = {
        RunOption.FORCE_FULL_RUN: force or None,
        RunOption.FROM_NODE: first,
        RunOption.TO_NODE: last,
        RunOption.SPAN: span,
        RunOption.TUNE: tune or None,
        RunOption.PUSH: push,
    }
    follow_run(model, param or [], options)


def score(
    model: Annotated[str, typer.Argument(help="The model's folder name.")],
    span: Annotated[str | None, typer.Option(help="Span to score, a number or a date.")] = None,
) -> None:
    """Score the rows that `scoring` of model.yaml names with the newest pushed version."""
    follow_run(model, [], {RunOption.SPAN: span}, SCORE)


def follow_run(
    name: str, assignments: list[str], options: Mapping[RunOption, Any], pipeline: str = TRAIN
) -> None:
    """Runs one of a model's DAGs; exits 1 when the run failed."""
    from tfx_airflow.api import AirflowApi
    from tfx_airflow.models import find_model

    model = find_model(Home.from_environment(), name)
    layout = _make_ready(model, pipeline, assignments, options)
    with AirflowApi(layout) as api:
        conf = _conf(model, pipeline, assignments, options)
        run_id = _trigger(api, model, dag_id(name, pipeline), conf)
    follow_started(model, pipeline, run_id)


def follow_started(model: Model, pipeline: str, run_id: str) -> None:
    """Shows a run of one of a model's pipelines until it ends; exits 1 when it failed."""
    nodes = [node.id for node in model.pipeline(pipeline).nodes]
    follow_tasks(model.home, dag_id(model.name, pipeline), run_id, nodes, _summarise)


def follow_tasks(
    home: Home,
    dag: str,
    run_id: str,
    tasks: Sequence[str],
    tell: Callable[[AirflowApi, RunProgress], None] = lambda api, progress: None,
) -> None:
    """Shows a run until it ends; exits 1 when it failed.

    Args:
      home: Where.
      dag: The DAG's id.
      run_id: Its run.
      tasks: Those that are shown, in their order.
      tell: Says what the tasks found.
    """
    from tfx_airflow.api import AirflowApi
    from tfx_airflow.deployment.layout import Layout
    from tfx_airflow.progress import RunProgress

    layout = Layout(home)
    url = f"{layout.address()}/dags/{dag}/runs/{run_id}"
    say(f"run {run_id}: {url}")
    with AirflowApi(layout) as api:
        progress = RunProgress(api, dag, run_id, tasks)
        follow(progress, url)
        tell(api, progress)
        conclude(progress, url)


def _make_ready(
    model: Model, pipeline: str, assignments: list[str], options: Mapping[RunOption, Any]
) -> Any:
    from tfx_airflow.deployment.local import LocalDeployment

    if not model.pin.stale and model.pin.digest:
        # A mistake on the command line is told before the long start.
        _conf(model, pipeline, assignments, options)
    deployment = LocalDeployment()
    deployment.up(say)
    model.bring_up_to_date(say, quiet)
    return deployment.layout


def _conf(
    model: Model, pipeline: str, assignments: list[str], options: Mapping[RunOption, Any]
) -> dict[str, Any]:
    from tfx_airflow.options import option_values
    from tfx_airflow.parameters import parse_assignments

    compiled = model.pipeline(pipeline)
    values = parse_assignments(assignments, compiled.parameters)
    return {**values, **option_values(compiled, options)}


def _trigger(api: AirflowApi, model: Model, dag: str, conf: dict[str, Any]) -> str:
    from tfx_airflow.models import wait_until_parsed

    wait_until_parsed(api, model, dag)
    api.unpause(dag)
    return api.trigger(dag, conf)


def follow(progress: RunProgress, url: str) -> None:
    """Shows a run until it ends, or until a person has seen enough."""
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


def conclude(progress: RunProgress, url: str) -> None:
    """Shows what failed and how a run ended; exits 1 when it failed."""
    for failed in progress.failed_nodes:
        complain(f"{failed.node} failed:")
        for line in progress.error_of(failed):
            complain(f"  {line.removeprefix('ERROR ')}")
    show(
        f"{progress.dag_id}: {progress.state}",
        "green" if progress.state == "success" else "bold red",
    )
    show(f"Airflow's UI: {url}")
    if progress.state != "success":
        raise typer.Exit(1)


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
