"""A drift check from the log to the verdict: `python -m bench.drift_check VERB …`, in the TFX
environment, beside TFDV's own statistics of the same rows.

`log FILE ROWS` writes a log of as many requests. `speed FILE ROWS TIMES` takes the check of the
first ROWS requests and TFDV's `generate_statistics_in_memory` in turns; TFDV is given the rows as
one record batch, read before. `memory FILE ROWS` makes the check once in a fresh process. The
latter two print one line of JSON.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow_data_validation as tfdv

from tests.tfx.trips import batch_of, drawn, read_trips
from tfx_components.distributions.reference import Reference
from tfx_components.distributions.statistics import reference_statistics
from tfx_components.drift_detector.checking import Check
from tfx_components.request_statistics.counting import count_window
from tfx_components.request_statistics.files import RequestFiles
from tfx_components.request_statistics.predictions import prediction_rows
from tfx_components.request_statistics.reading import RequestReader
from tfx_components.request_statistics.signatures import Asked
from tfx_contract.drift_report import DriftReport, Window
from tfx_contract.drift_spec import Drift
from tfx_contract.serving_spec import RequestLog as LogRules
from tfx_request_log import LoggedRequest, RequestLog

_MODEL, _VERSION, _SIGNATURE = "taxi", 1, "serving_json"
_START = datetime(2026, 11, 1, tzinfo=UTC)
_APART = timedelta(milliseconds=1)
_AT_ONCE = 20_000


def write_log(log: RequestLog, rows: int) -> None:
    """Logs requests for trips drawn from the training data, one a millisecond."""
    trips, random = read_trips(), np.random.default_rng(1)
    columns = batch_of(trips).schema.names
    log.create()
    for first in range(0, rows, _AT_ONCE):
        some = drawn(trips, min(_AT_ONCE, rows - first), random)
        instances = some[columns].to_json(orient="records", lines=True).splitlines()
        scores = random.random(len(some))
        asked = zip(instances, scores, strict=True)
        log.append([_request(first + n, *pair) for n, pair in enumerate(asked)])


def _request(number: int, instance: str, score: float) -> LoggedRequest:
    return LoggedRequest(
        request_id=number + 1,
        logging_time=_START + number * _APART,
        endpoint="projects/p/locations/l/endpoints/1",
        deployed_model_id="d1",
        model=_MODEL,
        model_version="1",
        version=_VERSION,
        signature=_SIGNATURE,
        latency_ms=1.0,
        shadow=False,
        request_payload=[instance],
        response_payload=[f"[{score:.6f}]"],
    )


class Version:
    """What the checks compare with, and the requests that they are of."""

    def __init__(self, log: RequestLog, rows: int) -> None:
        trips = read_trips()
        learned = reference_statistics([batch_of(trips)])
        scores = np.random.default_rng(2).random((len(trips), 1)).tolist()
        predicted = reference_statistics([prediction_rows(scores)])
        schema = tfdv.infer_schema(learned)
        self.reference = Reference(schema, learned.datasets[0], predicted.datasets[0])
        columns = tuple(feature.name for feature in schema.feature)
        self.asked = Asked(frozenset({_SIGNATURE}), columns)
        self._window = _START, _START + rows * _APART
        self._log = log

    def check(self) -> DriftReport:
        """From the log to the verdict."""
        counted = count_window(self._payloads(), self.reference, self.asked)
        requests = counted.counted.requests
        since, until = self._window
        window = Window(
            since=since,
            until=until,
            columns=list(self.asked.columns),
            requests=requests,
            rows=counted.rows.num_examples,
        )
        files = RequestFiles(window, counted.rows, counted.predictions, [])
        return Check(files, self.reference, None, Drift(), LogRules()).report(_MODEL, _VERSION)

    def rows(self) -> pa.RecordBatch:
        """The rows of the requests in one batch."""
        reader = RequestReader(self.reference.schema, self.asked)
        batches = [reader.read(payloads).rows for payloads in self._payloads()]
        (whole,) = pa.Table.from_batches(batches).combine_chunks().to_batches()
        return whole

    def _payloads(self) -> Any:
        return self._log.payloads(_MODEL, *self._window, _VERSION)


def speed(version: Version, rows: int, times: int) -> dict[str, Any]:
    """Seconds of the check and of TFDV, in turns."""
    whole = version.rows()
    assert whole.num_rows == rows == version.check().window.rows
    pairs = [
        (_seconds(version.check), _seconds(lambda: tfdv_statistics(whole))) for _ in range(times)
    ]
    return {"ours": [ours for ours, _ in pairs], "tfdv": [theirs for _, theirs in pairs]}


def tfdv_statistics(whole: pa.RecordBatch) -> Any:
    """TFDV's, with the options that it has by itself."""
    from tensorflow_data_validation.statistics import stats_impl

    return stats_impl.generate_statistics_in_memory(whole, tfdv.StatsOptions())


def memory(version: Version) -> dict[str, Any]:
    """Mebibytes that the process held at the most, before the check and with it."""
    before = _peak()
    version.check()
    return {"before": before, "peak": _peak()}


def _seconds(call: Callable[[], object]) -> float:
    gc.collect()
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    verb, file, *numbers = sys.argv[1:]
    rows, *rest = map(int, numbers)
    log = RequestLog(f"sqlite:///{Path(file).resolve()}")
    match verb:
        case "log":
            write_log(log, rows)
        case "speed":
            print(json.dumps(speed(Version(log, rows), rows, *rest)))
        case "memory":
            print(json.dumps(memory(Version(log, rows))))


if __name__ == "__main__":
    main()
