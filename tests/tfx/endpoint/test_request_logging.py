"""What the endpoint's hook samples and writes, by the rules of each model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tests.tfx.endpoint.request_logs import (
    logger_in,
    payloads,
    served,
    wait_until,
    write_model,
    writing_process,
)
from tfx_endpoint.request_logging import LogCollector
from tfx_endpoint.request_logging.rules import LogRules
from tfx_request_log import RequestLog

ROOT = Path(__file__).parents[3]
_LOOK_SECONDS = 2.5


@pytest.fixture(autouse=True)
def dags(tmp_path: Path) -> Path:
    """A folder with one model that keeps everything."""
    write_model(tmp_path / "dags")
    return tmp_path / "dags"


def test_a_request_is_written_with_its_answer(tmp_path: Path) -> None:
    request = served(instances=[{"fare": 1}, {"fare": None}], predictions=[[0.5], {"a": "é"}])
    with logger_in(tmp_path) as logger:
        logger(request)
        assert logger.flush(10)
        (row,) = logger.log.get(request.request_id)
    assert row.request_payload == ['{"fare":1}', '{"fare":null}']
    assert row.response_payload == ["[0.5]", '{"a":"é"}']
    assert (row.endpoint, row.deployed_model_id) == (request.endpoint, "d1")
    assert (row.model, row.model_version, row.version) == ("taxi", "1", 7)
    assert (row.signature, row.latency_ms, row.shadow) == ("serving_json", 1.5, False)
    assert row.logging_time == request.at


def test_a_row_waits_no_longer_than_the_age_that_is_set(tmp_path: Path) -> None:
    with logger_in(tmp_path, flush_seconds=0.3, batch_size=1000) as logger:
        wait_until(lambda: (tmp_path / "endpoint" / "request_log.key").exists())
        logger(served())
        started = time.monotonic()
        wait_until(lambda: logger.written)
        assert time.monotonic() - started < 1.5


def test_a_full_batch_does_not_wait_for_its_age(tmp_path: Path) -> None:
    with logger_in(tmp_path, flush_seconds=600, batch_size=10) as logger:
        wait_until(lambda: (tmp_path / "endpoint" / "request_log.key").exists())
        for _ in range(10):
            logger(served())
        wait_until(lambda: logger.written == 10)


def test_closing_writes_what_waits(tmp_path: Path) -> None:
    with logger_in(tmp_path, flush_seconds=600) as logger:
        for _ in range(25):
            logger(served())
    assert logger.written == 25
    assert len(payloads(logger.log)) == 25


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
def test_as_many_requests_are_kept_as_the_rate_says(tmp_path: Path, rate: float) -> None:
    write_model(tmp_path / "dags", sample_rate=rate)
    requests = 4_000
    with logger_in(tmp_path) as logger:
        for _ in range(requests):
            logger(served())
        assert logger.flush(30)
    # Five standard deviations of a binomial distribution.
    assert abs(logger.written - rate * requests) <= 5 * (requests * rate * (1 - rate)) ** 0.5
    assert logger.lost == 0


def test_a_model_without_serving_or_without_a_folder_is_not_logged(
    tmp_path: Path, dags: Path
) -> None:
    (dags / "silent").mkdir()
    silent = (dags / "taxi" / "model.yaml").read_text().split("serving:")[0]
    (dags / "silent" / "model.yaml").write_text(silent)
    outside = tmp_path / "outside"
    write_model(tmp_path, "outside")
    assert outside.exists()
    with logger_in(tmp_path) as logger:
        for model in ("silent", "nowhere", "../outside", "A model of mine", ""):
            logger(served(model=model))
        assert logger.flush(10)
        assert (logger.unruled, logger.written, logger.lost) == (5, 0, 0)
        assert logger.log.models() == []


def test_rules_change_with_the_file_and_broken_ones_never_count(dags: Path) -> None:
    rules = LogRules(dags, look_seconds=0)
    path = write_model(dags, drop=["person"])
    assert rules.of("taxi") is not None
    path.write_text("serving: {log: {drop: 3}}")
    rules.refresh()
    kept = rules.of("taxi")
    assert kept is not None
    assert kept.drop == ["person"]
    path.unlink()
    rules.refresh()
    assert rules.of("taxi") == kept
    write_model(dags, sample_rate=0.25)
    rules.refresh()
    assert rules.sample_rate("taxi") == 0.25


def test_a_model_whose_rules_were_never_good_is_not_logged_until_they_are(
    tmp_path: Path, dags: Path
) -> None:
    (dags / "taxi" / "model.yaml").write_text("serving: [")
    with logger_in(tmp_path) as logger:
        logger(served())
        assert logger.flush(10)
        assert logger.unruled == 1
        write_model(dags)
        time.sleep(_LOOK_SECONDS)
        logger(served())
        assert logger.flush(10)
        assert (logger.unruled, logger.written) == (1, 1)


def test_a_new_rule_holds_for_a_running_endpoint_also_after_a_rate_of_0(
    tmp_path: Path, dags: Path
) -> None:
    write_model(dags, sample_rate=0)
    with logger_in(tmp_path) as logger:
        logger(served())
        assert logger.flush(10)
        write_model(dags, drop=["person"])
        time.sleep(_LOOK_SECONDS)
        logger(served())
        assert logger.flush(10)
        assert payloads(logger.log) == [['{"fare":12.5,"company":"Blue"}']]


def test_a_request_that_cannot_be_written_harms_no_other(tmp_path: Path) -> None:
    with logger_in(tmp_path) as logger:
        logger(served(instances=[object()]))
        logger(served())
        assert logger.flush(10)
        assert (logger.written, logger.lost) == (1, 1)
        assert logger.failing_since is None
        assert "JSON" in str(logger.last_error)


def test_rows_beyond_their_age_are_erased_while_the_endpoint_runs(
    tmp_path: Path, dags: Path
) -> None:
    write_model(dags, retention_days=1)
    write_model(dags, "wine", retention_days=None)
    old = datetime.now(UTC) - timedelta(days=1, seconds=5)
    with logger_in(tmp_path) as logger:
        for model in ("taxi", "wine"):
            logger(served(model=model, at=old))
        young = served()
        logger(young)
        assert logger.flush(10)
        wait_until(lambda: logger.log.count_since("taxi", old) == 1)
        assert logger.log.get(young.request_id)
        assert logger.log.count_since("wine", old) == 1


def test_the_counters_are_there_for_prometheus(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    with logger_in(tmp_path) as logger:
        registry.register(LogCollector(logger))
        logger(served())
        logger(served(model="nowhere"))
        assert logger.flush(10)
        text = generate_latest(registry).decode()
    assert 'tfx_endpoint_request_log_requests_total{outcome="written"} 1.0' in text
    assert 'tfx_endpoint_request_log_requests_total{outcome="unruled"} 1.0' in text
    assert "tfx_endpoint_request_log_failing_since_seconds 0.0" in text


_CRASHING = """
import os, sys, time
from pathlib import Path
from tests.tfx.endpoint.request_logs import logger_in, served
logger = logger_in(Path(sys.argv[1]), flush_seconds=600, batch_size=50)
logger.start()
for number in range(120):
    logger(served())
    if number % 50 == 49:
        while logger.written < number + 1:
            time.sleep(0.01)
print("ready", flush=True)
time.sleep(600)
"""


def test_a_kill_loses_the_unflushed_batch_at_most_and_leaves_no_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _CRASHING, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    writer = writing_process(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not writer.is_running())
    log = RequestLog(f"sqlite:///{tmp_path / 'log.db'}")
    assert len(payloads(log)) == 100
    log.close()
