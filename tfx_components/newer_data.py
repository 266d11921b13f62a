"""Labelled data that a version did not learn from: without any, a retraining changes nothing."""

from __future__ import annotations

from tfx_components.input_files import NO_DATA, Input, fingerprint
from tfx_components.span_patterns import describe_span, spans_present
from tfx_contract.drift_report import NewerData
from tfx_contract.manifest import VersionManifest
from tfx_contract.record import Record
from tfx_contract.spans import has_spans


class Labelled(Record):
    """Where a model's labelled data comes from: `data` and `spans` of model.yaml."""

    uri: str
    pattern: str
    window: int = 1


def find_newer(data: Labelled, manifest: VersionManifest) -> NewerData | None:
    """What is there that the version did not learn from; None: nothing.

    Args:
      data: Where to look.
      manifest: Of the version.
    """
    learned = manifest.data[0] if manifest.data else None
    if not has_spans(data.pattern):
        known = learned.fingerprint if learned else ""
        is_new = _digest(data, None) not in (known, NO_DATA)
        return NewerData(uri=data.uri, description="files that changed") if is_new else None
    present = spans_present(data.uri, data.pattern)
    newest = max(present, default=None)
    before = learned.span if learned else None
    if newest is None or (before is not None and newest < before):
        return None
    words = f"span {describe_span(newest, data.pattern)}"
    if newest == before:
        if learned is None or _digest(data, newest) in (learned.fingerprint, NO_DATA):
            return None
        words += ", delivered anew"
    return NewerData(uri=data.uri, span=newest, description=words)


def _digest(data: Labelled, span: int | None) -> str:
    return fingerprint(Input(data.uri, data.pattern, span, data.window))
