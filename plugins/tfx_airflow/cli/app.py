"""Puts the commands together. Each imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from tfx_airflow.cli.console import complain
from tfx_contract.errors import TfxAirflowError

ERROR_EXIT = 2


class _Group(TyperGroup):
    """Shows errors that are raised on purpose as messages, never as traces."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except TfxAirflowError as error:
            complain(str(error))
            sys.exit(ERROR_EXIT)


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Trains TFX models as Airflow DAGs.",
)


def _register() -> None:
    from tfx_airflow.cli import (
        backfill,
        compiling,
        demo,
        demo_drift,
        deployment,
        doctor,
        groundtruth,
        new,
        predict,
        push,
        rollback,
        run,
        schema,
        simulate,
        status,
    )

    app.command()(deployment.up)
    app.command()(deployment.down)
    app.command()(run.run)
    app.command()(run.score)
    app.command()(backfill.backfill)
    app.command()(push.push)
    app.command()(rollback.rollback)
    app.command()(predict.predict)
    app.command()(simulate.simulate)
    app.command()(new.new)
    app.command()(status.status)
    app.command()(doctor.doctor)
    app.command(name="compile")(compiling.compile_models)
    app.command()(schema.schema)
    app.command()(schema.config_schema)
    app.command()(groundtruth.groundtruth)
    app.command()(groundtruth.erase)
    app.command()(demo.demo)
    app.command()(demo_drift.demo_drift)


_register()
