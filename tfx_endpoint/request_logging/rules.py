"""What each model's `model.yaml` says about its log, read again when the file changes."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from tfx_contract.errors import SpecError
from tfx_contract.model_spec import MODEL_NAME, SPEC_FILE, load_model_spec
from tfx_contract.serving_spec import RequestLog

_log = logging.getLogger(__name__)

_Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class _Known:
    stamp: _Stamp | None
    rules: RequestLog | None


class LogRules:
    """The last good rules of each model. One thread loads them, any may ask for a sample rate.

    Args:
      dags: The folder of the models' folders.
      look_seconds: How long a change may go unnoticed.
    """

    def __init__(self, dags: Path, look_seconds: float = 2.0) -> None:
        self._dags = dags
        self._look_seconds = look_seconds
        self._looked_at = 0.0
        self._known: dict[str, _Known] = {}

    def sample_rate(self, model: str) -> float:
        """Share that is kept; 1 while nothing is known, since whoever writes decides again."""
        known = self._known.get(model)
        return known.rules.sample_rate if known and known.rules else 1.0

    def of(self, model: str) -> RequestLog | None:
        """The rules of a model; None when there never were good ones, or it has no `serving`."""
        if model not in self._known:
            self._load(model)
        return self._known[model].rules

    def refresh(self) -> None:
        """Looks for changes, unless it just did."""
        if time.monotonic() - self._looked_at < self._look_seconds:
            return
        self._looked_at = time.monotonic()
        for model, known in list(self._known.items()):
            if self._stamp(model) != known.stamp:
                self._load(model)

    def _load(self, model: str) -> None:
        known = self._known.get(model)
        # Read after the stamp: a file that changes in between is read again.
        stamp, rules = self._stamp(model), known.rules if known else None
        try:
            rules = self._read(model)
        except (SpecError, OSError) as error:
            kept = "its last good rules go on" if rules else "none of its requests are logged"
            _log.warning("%s: %s: %s", model, kept, error)
        self._known[model] = _Known(stamp, rules)

    def _read(self, model: str) -> RequestLog | None:
        # The name comes from whoever uploaded the model, and need not be that of a folder.
        if not MODEL_NAME.fullmatch(model):
            return None
        serving = load_model_spec(self._dags / model).serving
        return serving.log if serving else None

    def _stamp(self, model: str) -> _Stamp | None:
        if not MODEL_NAME.fullmatch(model):
            return None
        try:
            found = (self._dags / model / SPEC_FILE).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
