"""`demo`."""

from __future__ import annotations

from tfx_airflow.cli.console import out, show
from tfx_airflow.cli.demo_parts import DEMO_MODEL, eval_rows, last_push, push_with_traffic
from tfx_contract.home import Home

_ROWS = 10
_SHOWN_COLUMNS = ("company", "payment_type", "trip_miles", "fare")
# The second version learns faster, and has to prove itself against the first.
_VERSIONS: tuple[list[str], ...] = ([], ["learning_rate=0.002"])


def demo() -> None:
    """Train two versions of the Chicago taxi model, push both, and ask the endpoint."""
    from tfx_airflow.cli.deployment import up
    from tfx_airflow.cli.run import follow_run

    up()
    home = Home.from_environment()
    for assignments in _VERSIONS:
        before = last_push(home)
        follow_run(DEMO_MODEL, assignments, {})
        push_with_traffic(home, before)
    _ask(home)


def _ask(home: Home) -> None:
    """Ten rows that no version learned from, answered by the endpoint."""
    from tfx_airflow.cli.predict import table
    from tfx_airflow.models import find_model
    from tfx_airflow.serving.clients import connect, local_address
    from tfx_airflow.serving.predict import predict

    rows = eval_rows(home, _ROWS)
    instances = [row["columns"] for row in rows]
    serving = find_model(home, DEMO_MODEL).serving()
    answer = predict(connect(serving, home), DEMO_MODEL, instances, None)
    out.print(
        table(
            [
                {name: row["columns"][name] for name in _SHOWN_COLUMNS}
                | {"predicted": predicted}
                | row["label"]
                for row, predicted in zip(rows, answer.predictions, strict=True)
            ]
        )
    )
    show(f"Version {answer.deployed_model} answered at {local_address(home)}; open it and try.")
