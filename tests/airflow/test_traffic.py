"""Requests at a rate, over a few connections, and what becomes of them."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Iterator

import pytest
import requests
from pydantic import JsonValue

from tfx_airflow.serving.predict import Answer
from tfx_airflow.serving.traffic import Tally, send
from tfx_contract.errors import InputError


def answer(instances: list[JsonValue]) -> Answer:
    """Has the first instance as its request id."""
    return Answer(instances, "1", str(instances[0]))


def numbered(count: int) -> Iterator[list[JsonValue]]:
    return ([number] for number in range(count))


def test_every_request_is_sent_once_and_known_by_its_place() -> None:
    seen: list[int] = []
    tally = send(answer, numbered(50), on_sent=lambda tally: seen.append(tally.sent))
    assert tally == Tally(answered={place: str(place) for place in range(50)})
    assert len(seen) == 50
    assert max(seen) == 50


def test_several_are_under_way_at_once_and_no_more_than_a_few() -> None:
    here, most, lock = 0, 0, threading.Lock()

    def ask(instances: list[JsonValue]) -> Answer:
        nonlocal here, most
        with lock:
            here += 1
            most = max(most, here)
        time.sleep(0.02)
        with lock:
            here -= 1
        return answer(instances)

    assert send(ask, numbered(20)).sent == 20
    assert most == 4


def test_a_rate_is_kept() -> None:
    started = time.monotonic()
    assert send(answer, numbered(11), rate=20).sent == 11
    assert 0.5 <= time.monotonic() - started < 2


def test_failures_are_counted_once_and_the_first_is_told() -> None:
    asked: list[JsonValue] = []

    def ask(instances: list[JsonValue]) -> Answer:
        asked.append(instances[0])
        if instances[0] == 3:
            raise InputError("3 is refused")
        if instances[0] == 4:
            time.sleep(0.05)
            raise requests.ConnectionError("4 was cut off")
        return answer(instances)

    tally = send(ask, numbered(10))
    assert sorted(asked) == list(range(10))
    assert sorted(tally.answered) == [0, 1, 2, 5, 6, 7, 8, 9]
    assert (tally.failed, tally.first_failure) == (2, "3 is refused")


def test_what_nobody_foresaw_is_raised() -> None:
    def ask(instances: list[JsonValue]) -> Answer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        send(ask, numbered(1))


@pytest.mark.parametrize("rate", [None, 20.0])
def test_ctrl_c_ends_it_and_counts_what_was_under_way(rate: float | None) -> None:
    enough = threading.Event()
    finished: list[JsonValue] = []

    def ask(instances: list[JsonValue]) -> Answer:
        if instances[0] == 6:
            enough.set()
        time.sleep(0.1)
        finished.append(instances[0])
        return answer(instances)

    def press() -> None:
        enough.wait(10)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    person = threading.Thread(target=press)
    person.start()
    tally = send(ask, ([number] for number in itertools.count()), rate)
    person.join()
    assert tally.interrupted
    assert set(tally.answered) == set(finished)
    assert 7 <= tally.sent <= 12
