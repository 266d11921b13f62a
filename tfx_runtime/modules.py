"""A model's own Python modules: which files one of them needs, and a digest of those."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import PathFinder
from pathlib import Path

from tfx_contract.errors import CompileError

Files = dict[str, Path]


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


def _closure(waiting: list[tuple[str, Path]], search: list[Path]) -> Files:
    found: Files = {}
    while waiting:
        relative, path = waiting.pop()
        if relative in found:
            continue
        found[relative] = path
        for name in _imported_names(path):
            waiting.extend(_files_of(name, search))
    return dict(sorted(found.items()))


def digest(files: Files) -> str:
    """SHA-256 over the files' relative names and bytes, in hexadecimal."""
    result = hashlib.sha256()
    for relative in sorted(files):
        content = files[relative].read_bytes()
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
def importable_from(roots: Iterable[Path]) -> Iterator[None]:
    """Finds modules in these folders first, and forgets them afterwards.

    Another model may have modules of the same names.
    """
    folders = [str(root) for root in roots]
    sys.path[:0] = folders
    try:
        yield
    finally:
        for folder in folders:
            sys.path.remove(folder)
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(tuple(folders)):
                del sys.modules[name]


def _imported_names(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except FileNotFoundError:
        raise CompileError(f"{path}: there is no such module file.") from None
    except SyntaxError as error:
        raise CompileError(f"{path}, line {error.lineno}: {error.msg}.") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files_of(dotted: str, search: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    top = dotted.partition(".")[0]
    for root in search:
        if (root / f"{top}.py").is_file():
            yield f"{top}.py", root / f"{top}.py"
            return
        if (root / top / "__init__.py").is_file():
            for file in sorted((root / top).rglob("*.py")):
                yield str(file.relative_to(root)), file
            return
