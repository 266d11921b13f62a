"""A run must not begin on the graph of before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from tfx_airflow import models
from tfx_airflow.api import AirflowApi, DagState
from tfx_airflow.models import Model, wait_until_parsed
from tfx_airflow.snapshots import Snapshots
from tfx_contract.errors import SetupError
from tfx_contract.home import Home


@dataclass
class Airflow:
    """Answers one state after another, and then the last one again and again."""

    states: list[DagState | None]
    errors: dict[str, str]
    asked: int = 0

    def dag(self, _: str) -> DagState | None:
        self.asked += 1
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def import_errors(self) -> dict[str, str]:
        return self.errors

    def parse_soon(self, _: DagState) -> None:
        pass


@pytest.fixture
def current(home: Home, model: Path) -> DagState:
    """The state that a run waits for."""
    version = Snapshots(home).publish()
    documentation = f"| Compiled pipeline | `{Model(home, 'taxi').pin.digest}` |"
    return DagState(version, stale=False, file_token="token", documentation=documentation)


def wait(home: Home, *states: DagState | None, errors: dict[str, str] | None = None) -> int:
    """How often Airflow was asked."""
    airflow = Airflow(list(states), errors or {})
    wait_until_parsed(cast(AirflowApi, airflow), Model(home, "taxi"))
    return airflow.asked


def test_it_waits_for_the_first_parse_and_for_the_new_one(home: Home, current: DagState) -> None:
    assert wait(home, None, replace(current, bundle_version="old"), current) == 3


def test_an_old_graph_under_the_new_version_is_not_taken(home: Home, current: DagState) -> None:
    assert wait(home, replace(current, documentation="`bbbb2222`"), current) == 2


def test_a_dag_that_is_gone_is_not_taken(home: Home, current: DagState) -> None:
    assert wait(home, replace(current, stale=True), current) == 2


def test_it_gives_up_and_says_where_to_look(
    home: Home, current: DagState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_PARSE_SECONDS", 0.5)
    with pytest.raises(SetupError, match="has not taken up the newest state of model 'taxi'"):
        wait(home, replace(current, documentation=""))
