"""A model's own Python modules: which files one of them needs, and a digest of those."""

from __future__ import annotations

import ast
import hashlib
import importlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from tfx_contract.errors import CompileError

Files = dict[str, Path]

# Who imports this way may import any module beside it.
_IMPORTS_BY_NAME = {"importlib", "pkgutil"}


@dataclass(frozen=True)
class Found:
    """A module of a root, and what a dotted name names inside of it."""

    relative: str
    path: Path
    inside: str


def closure_of_file(module_file: Path, roots: Iterable[Path]) -> Files:
    """The module and every sibling it imports, directly or not.

    Args:
      module_file: The module that a component names.
      roots: Folders searched for imported modules, after the module's own.

    Returns:
      Files by their path relative to the root they were found in.

    Raises:
      CompileError: a module has a syntax error or is missing.
    """
    # A module of an installed package has its siblings installed, too.
    is_installed = str(module_file.parent) in sys.path
    search = [*([] if is_installed else [module_file.parent]), *roots]
    return _closure([(module_file.name, module_file)], search)


def closure_of_name(dotted: str, roots: Iterable[Path]) -> Files:
    """The same for a module, or something in one, that is named as in `package.module.function`.

    Returns:
      Nothing when no root has such a module.
    """
    search = list(roots)
    return _closure(list(_files_of(dotted, search)), search)


def closure_of_source(source: str, module: Found, roots: Iterable[Path]) -> Files:
    """The module itself, and what a part of its source code imports."""
    search = list(roots)
    names = _imported_names(source.encode(), module.relative, module.path)
    found = _closure([f for name in names for f in _files_of(name, search)], search)
    return found | {module.relative: module.path}


def find(dotted: str, roots: Iterable[Path]) -> Found | None:
    """The module that something named as in `package.module.Class` is in."""
    files = list(_files_of(dotted, roots))
    if not files:
        return None
    relative, path = files[-1]
    module = relative.removesuffix(".py").removesuffix("/__init__")
    inside = dotted.split(".")[len(module.split("/")) :]
    return Found(relative, path, inside[0] if inside else "")


def _closure(waiting: list[tuple[str, Path]], search: list[Path]) -> Files:
    found: Files = {}
    while waiting:
        relative, path = waiting.pop()
        if relative in found:
            continue
        _refuse_standard(relative, path)
        found[relative] = path
        names = set(_imported_names(_read(path), relative, path))
        if names & _IMPORTS_BY_NAME:
            waiting.extend(_package_of(relative, path))
        for name in names:
            waiting.extend(_files_of(name, search))
    return dict(sorted(found.items()))


def digest(files: Files, parts: Mapping[str, str] | None = None) -> str:
    """SHA-256 over the files' relative names and bytes, in hexadecimal.

    Args:
      files: The files.
      parts: What counts of some of them instead of all they hold, by relative name.
    """
    result = hashlib.sha256()
    for relative in sorted(files):
        part = (parts or {}).get(relative)
        content = files[relative].read_bytes() if part is None else part.encode()
        result.update(f"{relative}\0{len(content)}\0".encode())
        result.update(content)
    return result.hexdigest()


def refuse_clash(name: str, path: Path) -> None:
    """Raises CompileError when a module would hide one that Python or a package provides."""
    # Asks the path and not what this process imported, which may be a model's module itself.
    spec = PathFinder.find_spec(name)
    elsewhere = spec is not None and spec.origin != str(path)
    if name in sys.stdlib_module_names or elsewhere:
        raise CompileError(
            f"{path}: a module named '{name}' exists in the TFX environment already, and one would "
            f"hide the other; rename the file, for instance to '{path.parent.name}_{name}.py'."
        )


@contextmanager
def importable_from(roots: list[Path]) -> Iterator[None]:
    """Finds modules in these folders first, and forgets them afterwards.

    Another model may have modules of the same names.
    """
    folders = [str(root) for root in roots]
    names = {path.stem for root in roots for path in root.glob("*")} - sys.stdlib_module_names
    elsewhere = {n: m for n, m in sys.modules.items() if n.partition(".")[0] in names}
    _forget(elsewhere)
    sys.path[:0] = folders
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for folder in folders:
            sys.path.remove(folder)
        inside = tuple(f"{folder}/" for folder in folders)
        _forget([n for n, m in sys.modules.items() if _file(m).startswith(inside)])
        sys.modules.update(elsewhere)


def _forget(names: Iterable[str]) -> None:
    for name in list(names):
        sys.modules.pop(name, None)


def _file(module: object) -> str:
    """Its file; of a package without `__init__.py`, a path below its folder."""
    folders = list(getattr(module, "__path__", None) or [])
    return str(getattr(module, "__file__", None) or (f"{folders[0]}/" if folders else ""))


def _refuse_standard(relative: str, path: Path) -> None:
    top = relative.partition("/")[0].removesuffix(".py")
    if top in sys.stdlib_module_names:
        raise CompileError(
            f"{path}: Python has a module '{top}' itself, and this one would hide it from "
            "everything that a node runs; rename it."
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise CompileError(f"{path}: there is no such module file.") from None


def _imported_names(source: bytes, relative: str, path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(source, filename=str(path))
    except SyntaxError as error:
        raise CompileError(f"{path}, line {error.lineno}: {error.msg}.") from error
    package = relative.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _files_of(dotted: str, search: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    for root in search:
        if files := list(_on_the_way(root, dotted.split("."))):
            yield from ((path.relative_to(root).as_posix(), path) for path in files)
            return


def _on_the_way(folder: Path, names: list[str]) -> Iterator[Path]:
    """The `__init__.py` of each package on the way, and the module at its end."""
    for name in names:
        package, module = folder / name, folder / f"{name}.py"
        if (package / "__init__.py").is_file():
            yield package / "__init__.py"
        elif module.is_file():
            yield module
            return
        elif not name or not package.is_dir():
            return
        folder = package


def _package_of(relative: str, path: Path) -> Iterator[tuple[str, Path]]:
    """Every module of the outermost package that a module is in."""
    depth = relative.count("/")
    root = path.parents[depth]
    if depth:
        for file in sorted((root / relative.partition("/")[0]).rglob("*.py")):
            yield file.relative_to(root).as_posix(), file
