"""`tfx-airflow groundtruth` and `tfx-airflow erase` on a real log."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tfx_airflow.cli import app
from tfx_contract.errors import SetupError
from tfx_contract.home import Home
from tfx_request_log import LoggedRequest, RequestLog
from tfx_request_log.hashing import KeyedHash
from tfx_request_log.place import key_file, log_url


def call(*arguments: object) -> Result:
    """Calls `tfx-airflow`."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def row(request_id: int, instances: int = 1, model: str = "taxi") -> LoggedRequest:
    """A request as the endpoint logs it."""
    return LoggedRequest(
        request_id=request_id,
        logging_time=datetime(2026, 11, 1, tzinfo=UTC),
        endpoint="projects/p/locations/l/endpoints/1",
        deployed_model_id="d1",
        model=model,
        model_version="1",
        version=7,
        signature="serving_json",
        latency_ms=1.0,
        shadow=False,
        request_payload=["{}"] * instances,
        response_payload=["1"] * instances,
    )


@pytest.fixture
def log(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[RequestLog]:
    """A log with requests 1 to 3 of taxi (3 has two instances) and 9 of wine."""
    monkeypatch.delenv("TFX_AIRFLOW_REQUEST_LOG", raising=False)
    log = RequestLog(log_url(home.endpoint))
    log.create()
    ann = KeyedHash.open(key_file(home.endpoint)).of("ann")
    log.append([row(1), row(2), row(3, 2), row(9, model="wine")], {1: [ann], 9: [ann]})
    yield log
    log.close()


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return tmp_path / "labels.csv"


def labels_of(log: RequestLog) -> dict[int, object]:
    """By request id, what is known."""
    return {found.request_id: found.groundtruth for found in log.read("taxi")}


def test_labels_are_imported_by_request_id(log: RequestLog, labels: Path) -> None:
    labels.write_text(
        '\ufeffrequest_id,groundtruth\r\n1,0.5\r\n2,Cash\r\n3,"[0, 1]"\r\n\r\n77,1\r\n9,1\r\n'
    )
    result = call("groundtruth", "taxi", labels)
    assert result.exit_code == 0, result.output
    assert result.stdout == "3 of 5 requests of 'taxi' were labelled\n"
    assert "not in the log (not sampled, erased, or of another model): 77, 9" in result.stderr
    assert labels_of(log) == {1: [0.5], 2: ["Cash"], 3: [0, 1]}
    assert log.get(9)[0].groundtruth is None


def test_bad_lines_are_named_and_nothing_is_imported(log: RequestLog, labels: Path) -> None:
    labels.write_text(
        "request_id,groundtruth\n"
        "1,1\n"
        "1.23E+18,1\n"
        "2,\n"
        "-4,1\n"
        "2,0,1\n"
        "9223372036854775808,1\n"
        '"5","a\nb"\n'
        "1,0\n"
        "6,NaN\n"
    )
    result = call("groundtruth", "taxi", labels)
    assert result.exit_code == 2
    for mistake in (
        "nothing was imported",
        "line 3: '1.23E+18' is no request id",
        "line 4: the label is empty",
        "line 5: '-4' is no request id",
        "line 6: found 3 values",
        "line 7: '9223372036854775808' is no request id",
        "line 10: request 1 has its label in line 2",
        "line 11: NaN is no label",
    ):
        assert mistake in result.stderr
    assert "line 9" not in result.stderr
    assert set(map(str, labels_of(log).values())) == {"None"}


def test_a_label_that_does_not_fit_its_request_keeps_the_others_out(
    log: RequestLog, labels: Path
) -> None:
    labels.write_text("request_id,groundtruth\n1,1\n3,1\n")
    result = call("groundtruth", "taxi", labels)
    assert result.exit_code == 2
    assert "request 3 is one value, and the request has 2 instances" in result.stderr
    assert labels_of(log)[1] is None


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"id,label\n1,1\n", "line 1: found 'id,label', and the columns must be"),
        (b"", "line 1: found ''"),
        (b"request_id,groundtruth\n1,caf\xe9\n", "is not text in UTF-8"),
        (b'request_id,groundtruth\n1,"open\n', "line 2: unexpected end of data"),
    ],
)
def test_a_file_that_is_no_such_csv_is_refused(
    log: RequestLog, labels: Path, content: bytes, complaint: str
) -> None:
    labels.write_bytes(content)
    result = call("groundtruth", "taxi", labels)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert "Traceback" not in result.stderr


def test_a_file_that_is_not_there_is_named(log: RequestLog, labels: Path) -> None:
    assert "cannot be read: No such file" in call("groundtruth", "taxi", labels).stderr


def test_requests_are_erased_by_id(log: RequestLog) -> None:
    result = call("erase", "taxi", "--request-id", 1, "--request-id", 3, "--request-id", 9)
    assert result.stdout == "2 requests of 'taxi' were erased\n"
    assert list(labels_of(log)) == [2]
    assert log.get(9)


def test_a_person_is_erased_by_key(log: RequestLog) -> None:
    assert call("erase", "taxi", "--key", "bob").stdout == "0 requests of 'taxi' were erased\n"
    assert call("erase", "taxi", "--key", "ann").stdout == "1 requests of 'taxi' were erased\n"
    assert sorted(labels_of(log)) == [2, 3]


@pytest.mark.parametrize("choice", [(), ("--request-id", "1", "--key", "ann")])
def test_erasing_needs_either_an_id_or_a_key(log: RequestLog, choice: tuple[str, ...]) -> None:
    result = call("erase", "taxi", *choice)
    assert result.exit_code == 2
    assert len(labels_of(log)) == 3


def test_a_model_without_requests_is_refused_with_those_that_have_some(log: RequestLog) -> None:
    result = call("erase", "tax", "--request-id", 1)
    assert result.exit_code == 2
    assert "no requests of 'tax'; it holds: taxi, wine" in result.stderr


def test_without_a_log_none_is_made(home: Home, labels: Path) -> None:
    labels.write_text("request_id,groundtruth\n1,1\n")
    result = call("groundtruth", "taxi", labels)
    assert result.exit_code == 2
    assert "There is no request log in" in result.stderr
    assert not home.endpoint.exists()


def test_a_dead_database_is_a_message(
    home: Home, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFX_AIRFLOW_REQUEST_LOG", "postgresql+pg8000://u:secret@127.0.0.1:9/x")
    labels.write_text("request_id,groundtruth\n1,1\n")
    result = call("groundtruth", "taxi", labels)
    assert result.exit_code == 2
    assert "The request log's database failed" in result.stderr
    assert "secret" not in result.stderr
    assert "Traceback" not in result.stderr


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "endpoint" / "request_log.key"
    first, second = KeyedHash.open(path), KeyedHash.open(path)
    assert first.of("ann") == second.of("ann") != KeyedHash(b"another").of("ann")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["request_log.key"]


def test_a_number_has_one_hash_however_it_is_written() -> None:
    hashes = KeyedHash(b"key")
    assert hashes.of(12) == hashes.of(12.0) == hashes.of("12") == hashes.of(b"12")
    assert hashes.of(True) != hashes.of(1)


def test_a_damaged_key_is_refused_rather_than_replaced(tmp_path: Path) -> None:
    path = tmp_path / "request_log.key"
    path.write_text("cafe")
    with pytest.raises(SetupError, match="must hold 64 hexadecimal digits"):
        KeyedHash.open(path)
    assert path.read_text() == "cafe"
