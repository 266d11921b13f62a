"""Turns `package://NAME/PATH` into a path inside an installed Python package."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from tfx_contract.errors import InputError

SCHEME = "package://"
_SHOWN_NAMES = 8


def resolve_uri(uri: str) -> str:
    """The real path behind a `package://` URI; any other URI as it is.

    Raises:
      InputError: the package is not installed, or has nothing at that path.
    """
    if not uri.startswith(SCHEME):
        return uri
    name, _, relative = uri.removeprefix(SCHEME).partition("/")
    root = _package_folder(uri, name)
    path = root / relative
    if not path.exists():
        raise InputError(f"{uri}: package '{name}' has no '{relative}'; {_nearest(path)}")
    return str(path)


def _package_folder(uri: str, name: str) -> Path:
    found = importlib.util.find_spec(name) if name.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        raise InputError(
            f"{uri}: expected package://NAME/PATH with an installed Python package as NAME; "
            f"there is none named '{name}' in the TFX environment."
        )
    return Path(found.submodule_search_locations[0])


def _nearest(path: Path) -> str:
    """What lies in the last folder on the way that exists."""
    folder = path.parent
    while not folder.is_dir():
        folder = folder.parent
    names = sorted(n for n in os.listdir(folder) if not n.startswith(("_", ".")))
    more = ", …" if len(names) > _SHOWN_NAMES else ""
    return f"'{folder.name}' holds {', '.join(names[:_SHOWN_NAMES])}{more}."
