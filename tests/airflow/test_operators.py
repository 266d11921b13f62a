"""One task, one node: what a node's end means to Airflow."""

from __future__ import annotations

import json
import logging
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from tests.airflow.hand_made import NODES, write_package
from tfx_airflow.operators import TfxNodeOperator, level_of
from tfx_airflow.requests import run_url
from tfx_airflow.summary import describe_summary
from tfx_contract.compiled import NodeRecord
from tfx_contract.home import Home
from tfx_contract.node import NodeRequest
from tfx_contract.parameters import RunOption


@pytest.fixture
def trainer(
    home: Home, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> TfxNodeOperator:
    monkeypatch.setenv("STAND_IN_BEHAVIOUR", str(tmp_path / "behaviour.json"))
    # The test process must outlive the one that started it.
    monkeypatch.setattr("tfx_airflow.operators.die_with_parent", lambda: None)
    return TfxNodeOperator(task_id="Trainer", model="taxi", package=str(model))


def run(
    operator: TfxNodeOperator,
    behaviour: str = "complete",
    clear_number: int = 0,
    run_type: str = "manual",
    **params: Any,
) -> dict[str, Any]:
    """Executes the operator as Airflow would; the stand-in behaves as told."""
    home = Home.from_environment()
    (home.dags.parent / "behaviour.json").write_text(json.dumps({"Trainer": behaviour}))
    context: Any = {
        "dag_run": SimpleNamespace(
            dag_id="taxi",
            run_id="manual__1",
            run_type=run_type,
            logical_date=None,
            run_after=datetime(2026, 3, 8, 8, tzinfo=UTC),
            clear_number=clear_number,
        ),
        "ti": SimpleNamespace(
            dag_id="taxi", run_id="manual__1", try_number=2, get_dr_count=lambda *_, **__: 1
        ),
        "params": {"train_steps": 200.0, "learning_rate": None, "force_full_run": False, **params},
    }
    return TfxNodeOperator.execute.__wrapped__(operator, context)  # type: ignore[attr-defined,no-any-return]


def test_the_request_says_everything_that_the_node_needs(
    trainer: TfxNodeOperator, home: Home, model: Path
) -> None:
    request = run(trainer)["summary"]["request"]
    assert request["parameters"] == {"train_steps": 200}
    assert request["package"] == str(model)
    assert request["run"]["run_id"] == "manual__1"
    assert request["run"]["try_number"] == 2
    assert request["use_cache"] is True
    assert request["pipeline_root"] == str(home.pipeline_root("taxi"))
    assert len(request["token"]) == 32


def test_forcing_a_full_run_uses_no_cache(trainer: TfxNodeOperator) -> None:
    assert run(trainer, force_full_run=True)["summary"]["request"]["use_cache"] is False


def test_a_cleared_run_is_another_generation(trainer: TfxNodeOperator) -> None:
    request = run(trainer, clear_number=2)["summary"]["request"]
    assert NodeRequest.model_validate(request).run.mlmd_run_id == "manual__1~2"


def test_a_node_before_the_first_one_gives_what_it_last_published(
    home: Home, trainer: TfxNodeOperator
) -> None:
    write_package(home, nodes=[*NODES, NodeRecord(id="Pusher", type="P", upstream=["Trainer"])])
    request = run(trainer, from_node="Pusher")["summary"]["request"]
    assert request["reuse"] == ["ExampleGen", "StatisticsGen", "Trainer"]
    assert run(trainer, from_node="Trainer")["summary"]["request"]["reuse"] is None


def test_a_node_after_the_last_one_is_left_out(trainer: TfxNodeOperator) -> None:
    with pytest.raises(AirflowSkipException, match="no part of a run to StatisticsGen"):
        run(trainer, to_node="StatisticsGen")


@pytest.mark.parametrize(
    ("run_type", "push", "said"),
    [
        ("backfill", None, "a backfill pushes only when it is asked to"),
        ("scheduled", False, "told not to push"),
        ("backfill", True, None),
        ("scheduled", None, None),
    ],
)
def test_a_backfill_pushes_only_when_asked(
    home: Home, trainer: TfxNodeOperator, run_type: str, push: bool | None, said: str | None
) -> None:
    pusher = NodeRecord(id="Trainer", type="Pusher", runs_if=RunOption.PUSH)
    write_package(home, nodes=[pusher])
    expected = pytest.raises(AirflowSkipException, match=said) if said else nullcontext()
    with expected:
        run(trainer, run_type=run_type, push=push)


def test_a_failure_that_a_retry_may_cure_is_retried(trainer: TfxNodeOperator) -> None:
    with pytest.raises(AirflowException, match="NodeFailed: column fare is missing") as caught:
        run(trainer, "fail")
    assert not isinstance(caught.value, AirflowFailException)


def test_bad_data_is_not_tried_again(trainer: TfxNodeOperator) -> None:
    with pytest.raises(AirflowFailException, match="DataError: column fare is missing"):
        run(trainer, "data_error")


def test_a_skipped_node_skips_its_task(trainer: TfxNodeOperator) -> None:
    with pytest.raises(AirflowSkipException):
        run(trainer, "skip")


def test_a_parameter_out_of_bounds_fails_without_a_retry(trainer: TfxNodeOperator) -> None:
    with pytest.raises(AirflowFailException, match=r"'train_steps': 0 is below the minimum 1"):
        run(trainer, train_steps=0)


def test_the_nodes_lines_reach_the_task_log_at_their_level(
    trainer: TfxNodeOperator, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AirflowException):
        run(trainer, "fail")
    lines = capsys.readouterr().out.splitlines()
    assert any("[info " in line and "INFO cold Trainer of package" in line for line in lines)
    assert any("[error " in line and "column fare is missing" in line for line in lines)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("ERROR:absl:no such file", logging.ERROR),
        ("WARNING: slow", logging.WARNING),
        ("[ERROR] broken", logging.ERROR),
        ("Epoch 1/2", logging.INFO),
        ("ERRORS were none", logging.INFO),
        ("", logging.INFO),
    ],
)
def test_a_line_tells_its_level_by_its_first_word(line: str, level: int) -> None:
    assert level_of(line) == level


def test_a_runs_address_is_the_uis() -> None:
    assert run_url("http://host:1/", "taxi", "r1") == "http://host:1/dags/taxi/runs/r1"
    assert run_url("", "taxi", "r1") is None


def test_metrics_are_told_beside_what_they_had_to_reach() -> None:
    verdict = {"name": "AUC", "value": 0.69, "minimum": 0.7, "passed": False}
    summary = {"metrics": [verdict], "blessed": False}
    assert describe_summary(summary) == ["AUC: 0.6900, FAILED (at least 0.7)", "blessed: False"]
