"""`simulate`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfx_airflow.cli.console import complain, err, say, show
from tfx_contract.home import Home

if TYPE_CHECKING:
    from tfx_airflow.models import Model
    from tfx_airflow.serving.sampling import Rows
    from tfx_airflow.serving.traffic import Tally
    from tfx_contract.sample import Sample, WrittenRows
    from tfx_request_log import RequestLog

_INTERRUPTED_EXIT = 130


@dataclass(frozen=True)
class _Wish:
    """Which rows are drawn."""

    rows: int
    drift: list[str]
    signature: str | None
    span: bool
    seed: int | None


def simulate(
    model: Annotated[str, typer.Argument(help="The model's folder name.")],
    requests: Annotated[int, typer.Option(min=1, help="How many requests.")] = 1000,
    rate: Annotated[
        float | None,
        typer.Option(min=0.001, help="Requests a second; left out, as fast as it goes."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Rows in a request.")] = 1,
    drift: Annotated[
        list[str] | None,
        typer.Option(
            help="How the rows differ from the data: fare*1.5, fare+2, payment_type=Prepaid:0.3 "
            "for a share, fare=:0.1 for no value, trip_miles~0..5 for a range; may be repeated."
        ),
    ] = None,
    signature: Annotated[
        str | None, typer.Option(help="Signature to ask; left out, one that takes raw columns.")
    ] = None,
    ground_truth: Annotated[
        bool, typer.Option("--ground-truth", help="Tell the request log what is true of each row.")
    ] = False,
    span: Annotated[
        bool, typer.Option("--span", help="Write the rows as the next span of the data, too.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Draws the same rows each time.")] = None,
) -> None:
    """Send rows of a model's own data through its endpoint, as they are or drifting."""
    from tfx_airflow.models import find_model
    from tfx_contract.drift_expressions import parse_drift

    for text in drift or []:
        parse_drift(text)
    found = find_model(Home.from_environment(), model)
    wish = _Wish(requests * batch, drift or [], signature, span, seed)
    with _log(found, ground_truth) as log, tempfile.TemporaryDirectory() as folder:
        _simulate(found, wish, batch, rate, log, Path(folder, "rows.jsonl"))


def _simulate(
    model: Model, wish: _Wish, batch: int, rate: float | None, log: RequestLog | None, file: Path
) -> None:
    from tfx_airflow.serving.clients import connect
    from tfx_airflow.serving.endpoint import ModelEndpoint
    from tfx_airflow.serving.predict import ask
    from tfx_airflow.serving.sampling import Rows
    from tfx_airflow.serving.traffic import send
    from tfx_airflow.versions import live_version

    serving, version = model.serving(), live_version(model.home, model.name)
    clients = connect(serving, model.home)
    endpoint = ModelEndpoint(clients, model.name).read()
    sample = _draw(model, version, wish, file)
    rows = Rows(file, batch)
    total = -(-sample.rows // batch)
    with _progress(total) as on_sent:
        tally = send(
            lambda instances: ask(clients, endpoint, instances, sample.signature),
            rows.instances(),
            rate,
            on_sent,
        )
    if log is not None:
        _label(log, model.name, rows, tally)
    _conclude(model, tally, total)


@contextmanager
def _log(model: Model, wanted: bool) -> Iterator[RequestLog | None]:
    """The request log, when it is wanted; what is in the way is said before the first request."""
    from tfx_airflow.cli.groundtruth import open_log
    from tfx_contract.errors import InputError
    from tfx_contract.serving_spec import Target

    if not wanted:
        yield None
        return
    if model.serving().target is not Target.LOCAL:
        raise InputError(
            "--ground-truth: the request log is the embedded endpoint's, and model "
            f"'{model.name}' is served by Vertex AI (serving.target). Leave the option out."
        )
    with open_log() as log:
        yield log


def _draw(model: Model, version: Path, wish: _Wish, file: Path) -> Sample:
    from tfx_airflow.runner import Tfx
    from tfx_airflow.serving.sampling import draw_sample

    say(f"drawing {wish.rows} rows of the data of version {version.name}")
    given = {"--seed": wish.seed, "--signature": wish.signature, "--package": model.package_folder}
    arguments = [str(version), "--rows", str(wish.rows)]
    arguments += [f"{name}={value}" for name, value in given.items() if value is not None]
    arguments += [f"--drift={text}" for text in wish.drift]
    arguments += ["--span"] * wish.span
    sample = draw_sample(Tfx.from_environment(), arguments, file)
    if sample.written:
        _show_written(model, sample.written)
    return sample


def _show_written(model: Model, written: WrittenRows) -> None:
    from tfx_contract.model_spec import StandardModelSpec

    span = "" if written.span is None else f", span {written.span}"
    span += f" ({written.day})" if written.day else ""
    show(f"{written.rows} rows written to {written.path}{span}")
    named = "" if written.span is None else f" --span {written.day or written.span}"
    show(f"Train on them: tfx-airflow run {model.name}{named}")
    spec = model.package().spec
    if isinstance(spec, StandardModelSpec) and spec.data.prepare:
        say(f"WARNING data.prepare ({spec.data.prepare}) may write a file of that name over it")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Tally], None]]:
    """A bar on a terminal; elsewhere the summary has to do."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("requests  {task.fields[rate]:.0f}/s  {task.fields[failed]} failed"),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        bar = progress.add_task("", total=total, rate=0.0, failed=0)
        task = progress.tasks[0]

        def on_sent(tally: Tally) -> None:
            rate = tally.sent / task.elapsed if task.elapsed else 0.0
            progress.update(bar, completed=tally.sent, rate=rate, failed=tally.failed)

        yield on_sent


def _label(log: RequestLog, model: str, rows: Rows, tally: Tally) -> None:
    from tfx_airflow.serving.labelling import store_labels

    labels = {
        int(tally.answered[place]): values
        for place, values in enumerate(rows.labels())
        if place in tally.answered and any(value is not None for value in values)
    }
    stored = store_labels(log, model, labels)
    show(f"{stored} of {len(tally.answered)} requests of '{model}' were labelled")
    if unknown := len(labels) - stored:
        say(f"WARNING not in the log (not sampled): {unknown} requests")
    if unlabelled := len(tally.answered) - len(labels):
        say(f"WARNING no label in the data: {unlabelled} requests")


def _conclude(model: Model, tally: Tally, total: int) -> None:
    show(
        f"{tally.sent} of {total} requests of '{model.name}' were sent: "
        f"{len(tally.answered)} answered, {tally.failed} failed"
    )
    if tally.failed:
        complain(f"The first that failed: {tally.first_failure}")
    if tally.interrupted:
        raise typer.Exit(_INTERRUPTED_EXIT)
    if tally.failed:
        raise typer.Exit(1)
