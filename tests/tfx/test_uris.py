"""`package://` and `home://` URIs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfx_contract.errors import InputError
from tfx_runtime.uris import resolve_uri, writable_uri

TAXI = "package://tfx/examples/chicago_taxi_pipeline/data/simple"


def test_a_package_uri_becomes_a_path_inside_that_package() -> None:
    assert (Path(resolve_uri(TAXI)) / "data.csv").is_file()


@pytest.mark.parametrize("uri", ["/data/trips", "gs://bucket/trips"])
def test_other_uris_stay_as_they_are(uri: str) -> None:
    assert resolve_uri(uri) == uri


def test_a_package_that_is_not_installed_is_named() -> None:
    with pytest.raises(InputError, match="there is none named 'no_such_package'"):
        resolve_uri("package://no_such_package/data")


def test_a_path_that_is_not_there_is_named_with_what_lies_beside_it() -> None:
    with pytest.raises(InputError, match=r"has no '.*simpel'; 'data' holds .*simple"):
        resolve_uri(TAXI.replace("simple", "simpel"))


def test_a_home_uri_becomes_a_path_below_the_home_there_or_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TFX_AIRFLOW_HOME", str(tmp_path))
    assert resolve_uri("home://data/trips") == str(tmp_path / "data" / "trips")
    assert resolve_uri("home://") == str(tmp_path)


def test_a_home_uri_may_go_through_a_link_to_another_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    (home / "data").symlink_to(other)
    monkeypatch.setenv("TFX_AIRFLOW_HOME", str(home))
    assert resolve_uri("home://data") == str(home / "data")


@pytest.mark.parametrize("path", ["../secrets", "/etc", "data/../../secrets"])
def test_a_home_uri_that_leads_out_of_the_home_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="expected a path below the home"):
        resolve_uri(f"home://{path}")


def test_nothing_is_written_into_an_installed_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TFX_AIRFLOW_HOME", str(tmp_path))
    assert writable_uri("home://data") == str(tmp_path / "data")
    with pytest.raises(InputError, match=rf"found '{TAXI}'.*Copy the files, for instance to home"):
        writable_uri(TAXI)
