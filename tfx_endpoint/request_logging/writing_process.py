"""Makes rows and writes them in a process of its own.

Python runs one thread at a time: in the process that answers, a row would cost every request its
share of making it.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from tfx_contract.errors import TfxAirflowError
from tfx_contract.serving_spec import RequestLog as Rules
from tfx_endpoint.request_logging.rows import make_batch
from tfx_endpoint.request_logging.waiting import Drawn
from tfx_request_log import RequestLog
from tfx_request_log.database import describe_failure
from tfx_request_log.hashing import KeyedHash

_STOP_SECONDS = 5.0

# Not forked from the process that answers, whose threads hold locks; and what it imports is there
# already when a process that was killed is replaced.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


class WritingFailed(TfxAirflowError):
    """A batch that was not written, or perhaps was: it can be given again without harm."""


@dataclass(frozen=True)
class Job:
    """Requests to write, with all that decides on what is kept of them."""

    drawn: Sequence[Drawn]
    rules: Mapping[str, Rules | None]
    hashes: KeyedHash


@dataclass(frozen=True)
class Written:
    """What came of a job; the numbers are of requests, but for `withheld`, of instances."""

    written: int
    unruled: int
    withheld: int
    unwritable: int
    error: str | None


class WritingProcess:
    """The process and the way to it; one that ended is replaced when it is needed again.

    Args:
      url: The log's SQLAlchemy URL.
      timeout: Seconds that the database may take to answer.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self._arguments = url, timeout
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._abandoned = False

    @property
    def pid(self) -> int | None:
        """The process's number; None while there is none."""
        return self._process.pid if self._process else None

    def start(self) -> Connection:
        """Starts the process where there is none, and waits until it is ready.

        Raises:
          EOFError: the process was given up.
        """
        if self._abandoned:
            raise EOFError
        if self._connection is None:
            self._connection, theirs = _context.Pipe()
            with theirs:
                self._process = _context.Process(
                    target=_write_jobs,
                    args=(theirs, *self._arguments),
                    name="request-log",
                    daemon=True,
                )
                self._process.start()
        return self._connection

    def write(self, job: Job) -> Written:
        """Writes a batch; to be called from one thread.

        Raises:
          WritingFailed: the database could not, or the process ended.
        """
        try:
            connection = self.start()
            connection.send(job)
            answer: Written | str = connection.recv()
        except (EOFError, OSError) as error:
            self._forget()
            raise WritingFailed(f"the process that writes the log ended: {error!r}") from error
        if isinstance(answer, str):
            raise WritingFailed(answer)
        return answer

    def close(self) -> None:
        """Ends the process; to be called from the thread that writes."""
        if self._connection:
            self._connection.close()
        if self._process:
            self._process.join(_STOP_SECONDS)
            self._process.kill()

    def abandon(self) -> None:
        """Ends the process in the middle of its batch, and for good; from any thread."""
        self._abandoned = True
        if self._process:
            self._process.kill()

    def _forget(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None
        if self._process:
            # What was done with half a batch must not go on beside the next one.
            self._process.kill()


def _write_jobs(connection: Connection, url: str, timeout: float) -> None:
    """What the process does until the other end of its pipe is closed, by a kill at the latest."""
    # Control-C reaches all of a terminal's processes, and what waits is still to be written.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log = RequestLog(url, timeout)
    while True:
        try:
            job: Job = connection.recv()
            connection.send(_written(log, job))
        except (EOFError, OSError):
            return


def _written(log: RequestLog, job: Job) -> Written | str:
    """What came of a job, or why nothing did, without the values of a row."""
    try:
        batch = make_batch(job.drawn, job.rules, job.hashes)
        log.append(batch.rows, batch.persons)
    except Exception as error:
        return describe_failure(error)
    return Written(len(batch.rows), batch.unruled, batch.withheld, batch.unwritable, batch.error)
