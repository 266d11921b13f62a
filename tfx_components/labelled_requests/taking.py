"""Takes the labelled requests of a window into the training data, once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tfx_components.labelled_requests.ledger import Ledger, digest_of
from tfx_components.labelled_requests.reading import LabelledReader, LabelledRows, Row
from tfx_components.labelled_requests.taken import FEWEST_ROWS, Step, Taken
from tfx_components.request_statistics.logged_window import LoggedWindow
from tfx_components.span_writer.writing import write_rows
from tfx_contract.data_spec import Data
from tfx_contract.sample import WrittenRows


def take(window: LoggedWindow, reader: LabelledReader, ledger: Ledger, data: Data) -> Taken:
    """Writes the rows of a window, and those that waited; what was written before stays as it is.

    Args:
      window: Requests to one version.
      reader: Of that version's requests.
      ledger: Of that version.
      data: Where the rows go; `uri` is a folder of this machine, `home://` resolved.

    Raises:
      InputError: nothing can be written there.
      DataError: the rows have no place in the data.
      SetupError: there is no log.
    """
    ledger.settle()
    if before := ledger.written(window.since, window.until):
        return before
    since = ledger.begin(window.since, window.until)
    found = _read(replace(window, since=since), reader)
    taken = Taken(
        version=window.version,
        since=since,
        until=window.until,
        step=Step.WAITING,
        rows=len(found.rows),
        malformed=found.malformed,
    )
    if taken.rows >= FEWEST_ROWS:
        return _write(found.rows, taken, ledger, data)
    return ledger.note(taken) if taken.rows else taken


def _read(window: LoggedWindow, reader: LabelledReader) -> LabelledRows:
    with window.open_log() as log:
        return reader.read(log.payloads(*window.chosen, labelled=True))


def _write(rows: list[Row], taken: Taken, ledger: Ledger, data: Data) -> Taken:
    def at(step: Step, written: WrittenRows, file: Path) -> Taken:
        changes = {"step": step, "written": written, "digest": digest_of(file)}
        return ledger.note(taken.model_copy(update=changes))

    written = write_rows(rows, data, lambda coming, draft: at(Step.BEGUN, coming, draft))
    return at(Step.WRITTEN, written, Path(written.path))
