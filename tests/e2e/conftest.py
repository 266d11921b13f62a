"""One Airflow for the whole folder; its files are numbered because they build on each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.deployment import Deployment


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Airflow and the warm worker, stopped at the end whatever happened."""
    started = Deployment(tmp_path_factory.mktemp("e2e"))
    try:
        started.up()
        yield started
    finally:
        started.down()
