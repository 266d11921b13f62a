"""Sends requests over a few connections, at a rate, and counts what became of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import requests
from pydantic import JsonValue

from tfx_airflow.serving.predict import Answer
from tfx_contract.errors import TfxAirflowError

Instances = list[JsonValue]
Ask = Callable[[Instances], Answer]

_CONNECTIONS = 4


@dataclass
class Tally:
    """What became of the requests so far.

    Attributes:
      answered: The id of each request that was answered, by its place among all.
      failed: How many were not.
      first_failure: Why the first of these was not.
      interrupted: Whether a person has seen enough.
    """

    answered: dict[int, str] = field(default_factory=dict)
    failed: int = 0
    first_failure: str = ""
    interrupted: bool = False

    @property
    def sent(self) -> int:
        return len(self.answered) + self.failed


def send(
    ask: Ask,
    every: Iterable[Instances],
    rate: float | None = None,
    on_sent: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Sends each once; what is refused is counted and not sent again. Ctrl-C ends it early.

    Args:
      ask: Sends one request, and returns its answer.
      every: The instances of each request.
      rate: Requests a second; None: as fast as they are answered.
      on_sent: Called after each request, by one thread at a time.
    """
    tally, lock = Tally(), threading.Lock()
    free = threading.BoundedSemaphore(_CONNECTIONS)

    def deliver(place: int, instances: Instances) -> None:
        try:
            _deliver(ask, place, instances, tally, lock)
            with lock:
                on_sent(tally)
        finally:
            free.release()

    pool = ThreadPoolExecutor(_CONNECTIONS)
    under_way: list[Future[None]] = []
    try:
        started = time.monotonic()
        for place, instances in enumerate(every):
            _wait_until(started + place / rate if rate else started)
            free.acquire()
            under_way.append(pool.submit(deliver, place, instances))
    except KeyboardInterrupt:
        tally.interrupted = True
    finally:
        pool.shutdown()
    for future in under_way:
        future.result()
    return tally


def _deliver(
    ask: Ask, place: int, instances: Instances, tally: Tally, lock: threading.Lock
) -> None:
    try:
        answer = ask(instances)
    except (TfxAirflowError, requests.RequestException) as error:
        with lock:
            tally.failed += 1
            tally.first_failure = tally.first_failure or str(error)
    else:
        with lock:
            tally.answered[place] = answer.request_id


def _wait_until(moment: float) -> None:
    if (seconds := moment - time.monotonic()) > 0:
        time.sleep(seconds)
