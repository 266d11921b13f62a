"""`demo`."""

from __future__ import annotations

import subprocess

import typer

from tfx_airflow.cli.console import complain, say
from tfx_contract.home import PROJECT_ROOT, tfx_python

DEMO_MODEL = "chicago_taxi"
_ROWS = 10


def demo() -> None:
    """Train the Chicago taxi model in a real Airflow, and predict with the pushed version."""
    from tfx_airflow.cli.deployment import up
    from tfx_airflow.cli.run import follow_run
    from tfx_airflow.command import tfx_environment
    from tfx_airflow.versions import newest_version
    from tfx_contract.home import Home

    up()
    follow_run(DEMO_MODEL, [], {})
    version = newest_version(Home.from_environment(), DEMO_MODEL)
    say(f"predicting {_ROWS} rows with {version} in a fresh process")
    command = [str(tfx_python()), "-m", "tfx_runtime.predict", str(version), "--rows", str(_ROWS)]
    # TensorFlow's libraries greet on standard error before any setting can silence them.
    done = subprocess.run(
        command, cwd=PROJECT_ROOT, env=tfx_environment(), stderr=subprocess.PIPE, text=True
    )
    if done.returncode:
        complain(done.stderr)
    raise typer.Exit(done.returncode)
