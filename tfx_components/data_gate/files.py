"""The data files of a folder, and a fingerprint of their content."""

from __future__ import annotations

import hashlib
import os

from tfx.dsl.io import fileio

from tfx_contract.errors import DataError

# CsvExampleGen is given the same pattern, so that what is checked is what is read.
CSV_PATTERN = "*.csv"
NO_DATA = "no-data"
_CHUNK = 1 << 20
_SHOWN_NAMES = 5


def data_files(uri: str) -> list[str]:
    """The CSV files of a folder, sorted.

    Raises:
      DataError: there is no such folder, or no CSV file in it.
    """
    if not fileio.exists(uri):
        raise DataError(f"{uri}: expected a folder with CSV files; it does not exist.")
    if not fileio.isdir(uri):
        raise DataError(
            f"{uri}: expected a folder with CSV files, found a file. "
            f"Name the folder that holds it: {os.path.dirname(uri)}"
        )
    files = _matching(uri)
    if not files:
        raise DataError(f"{uri}: expected files named {CSV_PATTERN}; found {_listing(uri)}.")
    return files


def fingerprint(uri: str) -> str:
    """SHA-256 over names and bytes of the data files; `NO_DATA` when there are none."""
    files = _matching(uri) if fileio.exists(uri) else []
    if not files:
        return NO_DATA
    digest = hashlib.sha256()
    for path in files:
        content = _content_digest(path)
        digest.update(f"{os.path.basename(path)}\0{content}\n".encode())
    return digest.hexdigest()


def _matching(uri: str) -> list[str]:
    return sorted(fileio.glob(os.path.join(uri, CSV_PATTERN)))


def _content_digest(path: str) -> str:
    digest = hashlib.sha256()
    with fileio.open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _listing(uri: str) -> str:
    names = sorted(fileio.listdir(uri))
    shown = ", ".join(names[:_SHOWN_NAMES])
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return (shown + more) or "an empty folder"
