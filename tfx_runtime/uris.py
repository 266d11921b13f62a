"""URIs of our own: `package://NAME/PATH`, a path inside an installed Python package, and
`home://PATH`, a path below the home of this installation.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

from tfx_contract.errors import InputError
from tfx_contract.home import Home

PACKAGE = "package"
HOME = "home"
_SHOWN_NAMES = 8


def resolve_uri(uri: str) -> str:
    """The real path behind a URI of our own; any other text as it is.

    Raises:
      InputError: the package is not installed or has nothing at that path, or the path leads out
        of the home.
    """
    scheme, separator, rest = uri.partition("://")
    resolve = _SCHEMES.get(scheme) if separator else None
    return resolve(uri, rest) if resolve else uri


def writable_uri(uri: str) -> str:
    """The real path behind a URI, for files that are to be added there.

    Raises:
      InputError: it lies inside an installed Python package, or leads out of the home.
    """
    if uri.startswith(f"{PACKAGE}://"):
        raise InputError(
            f"data.uri: found '{uri}', which belongs to an installed Python package; nothing is "
            f"written there. Copy the files, for instance to home://data, and name that folder in "
            f"model.yaml."
        )
    return resolve_uri(uri)


def _in_home(uri: str, relative: str) -> str:
    """Where a path below the home is, or will be once something is written to it."""
    root = Home.from_environment().root
    # Not `resolve()`: a link below the home may well lead to another disk.
    path = Path(os.path.normpath(root / relative))
    if not path.is_relative_to(root):
        raise InputError(f"{uri}: expected a path below the home, {root}; it leads to {path}.")
    return str(path)


def _in_package(uri: str, rest: str) -> str:
    name, _, relative = rest.partition("/")
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


_SCHEMES: dict[str, Callable[[str, str], str]] = {PACKAGE: _in_package, HOME: _in_home}
