"""Labelled data that a version did not learn from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tfx.drift_checks import manifest_of
from tfx_components.input_files import Input, fingerprint
from tfx_components.newer_data import Labelled, find_newer
from tfx_contract.drift_report import NewerData
from tfx_contract.manifest import DataSource, VersionManifest

SPANS, FILES = "day-{SPAN}/*.csv", "*.csv"


def write(folder: Path, name: str, text: str = "1") -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def learned(folder: Path, pattern: str, span: int | None, window: int = 1) -> VersionManifest:
    """A version that learned from what is there now."""
    digest = fingerprint(Input(str(folder), pattern, span, window))
    data = [DataSource(uri=str(folder), fingerprint=digest, span=span)]
    return manifest_of(["fare"]).model_copy(update={"data": data})


def newer(folder: Path, pattern: str, version: VersionManifest) -> NewerData | None:
    return find_newer(Labelled(uri=str(folder), pattern=pattern), version)


def test_the_newest_span_counts(tmp_path: Path) -> None:
    write(tmp_path, "day-3/trips.csv")
    version = learned(tmp_path, SPANS, 3)
    assert newer(tmp_path, SPANS, version) is None
    write(tmp_path, "day-2/trips.csv")
    assert newer(tmp_path, SPANS, version) is None
    for day in (4, 11):
        write(tmp_path, f"day-{day}/trips.csv")
    found = newer(tmp_path, SPANS, version)
    assert found is not None
    assert (found.span, found.description) == (11, "span 11")


def test_a_span_may_be_delivered_anew(tmp_path: Path) -> None:
    write(tmp_path, "day-3/trips.csv")
    version = learned(tmp_path, SPANS, 3)
    write(tmp_path, "day-3/more.csv")
    found = newer(tmp_path, SPANS, version)
    assert found is not None
    assert (found.span, found.description) == (3, "span 3, delivered anew")


@pytest.mark.parametrize("pattern", [SPANS, FILES])
def test_data_that_is_gone_is_nothing_new(tmp_path: Path, pattern: str) -> None:
    write(tmp_path, "day-3/trips.csv")
    write(tmp_path, "trips.csv")
    version = learned(tmp_path, pattern, 3 if pattern == SPANS else None)
    assert newer(tmp_path / "elsewhere", pattern, version) is None


def test_files_without_spans_are_new_when_they_differ(tmp_path: Path) -> None:
    write(tmp_path, "trips.csv")
    version = learned(tmp_path, FILES, None)
    assert newer(tmp_path, FILES, version) is None
    write(tmp_path, "trips.csv", "2")
    assert newer(tmp_path, FILES, version) is not None


def test_a_version_of_unknown_data_takes_any(tmp_path: Path) -> None:
    write(tmp_path, "trips.csv")
    assert newer(tmp_path, FILES, manifest_of(["fare"])) is not None
