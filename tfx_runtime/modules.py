"""A model's own Python modules: which files one of them needs, and a digest of those."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from tfx_contract.errors import CompileError


def closure(module_file: Path, roots: Iterable[Path]) -> dict[str, Path]:
    """The module and every sibling it imports, directly or not.

    Args:
      module_file: the module that a component names.
      roots: folders searched for imported modules, the module's own first.

    Returns:
      Files by their path relative to the root they were found in.

    Raises:
      CompileError: a module has a syntax error or is missing.
    """
    search = [module_file.parent, *roots]
    found: dict[str, Path] = {}
    waiting = [(module_file.name, module_file)]
    while waiting:
        relative, path = waiting.pop()
        if relative in found:
            continue
        found[relative] = path
        for name in _imported_names(path):
            waiting.extend(_files_of(name, search))
    return dict(sorted(found.items()))


def digest(files: dict[str, Path]) -> str:
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
