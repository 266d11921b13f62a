"""What joined the training data, so that no request joins it twice: `learned.jsonl`.

A window is `begun`, with the digest of its file, before the file appears, and `written` after. A
try that was killed in between is settled by the next: that very file is there, or none is.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from tfx_components.labelled_requests.taken import Step, Taken
from tfx_contract import journal

LEDGER_FILE = "learned.jsonl"


class Ledger:
    """The windows of one version.

    Args:
      folder: Of the model's versions.
      version: The version that answered.
    """

    def __init__(self, folder: Path, version: int) -> None:
        self._file = folder / LEDGER_FILE
        self._version = version

    def note(self, taken: Taken) -> Taken:
        """Adds a line."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        journal.append(self._file, taken)
        return taken

    def settle(self) -> None:
        """Finds out what became of files that were begun."""
        settled = {_file_of(taken) for taken in self._all(Step.WRITTEN)}
        for taken in self._all(Step.BEGUN):
            if _file_of(taken) not in settled and _is_there(taken):
                self.note(taken.model_copy(update={"step": Step.WRITTEN}))
                settled.add(_file_of(taken))

    def written(self, since: datetime, until: datetime) -> Taken | None:
        """What all of a window was written with; None: some of it was not."""
        found = [taken for taken in self._all(Step.WRITTEN) if taken.covers(since, until)]
        return found[-1] if found else None

    def begin(self, since: datetime, until: datetime) -> datetime:
        """Where the rows of a window begin: what waits comes along, what was written does not."""
        written = self._all(Step.WRITTEN)
        waiting = [
            taken.since
            for taken in self._all(Step.WAITING)
            if taken.until <= since and not self.written(taken.since, taken.until)
        ]
        first = min([since, *waiting])
        return max([first, *(w.until for w in written if w.until > first and w.since < until)])

    def _all(self, step: Step) -> list[Taken]:
        lines = journal.read(self._file, Taken)
        return [taken for taken in lines if (taken.version, taken.step) == (self._version, step)]


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _file_of(taken: Taken) -> tuple[str, str]:
    return (taken.written.path if taken.written else "", taken.digest)


def _is_there(taken: Taken) -> bool:
    path, digest = _file_of(taken)
    return Path(path).is_file() and digest_of(Path(path)) == digest
