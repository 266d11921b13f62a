"""What of a module one class or function of it is made of.

A `pipeline.py` holds components beside `create_pipeline()`. An edit of one of them should run again
that component, and no other because it stands in the same file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

# Whoever reaches names this way could reach any of them.
_REFLECTION = {"globals", "eval", "exec", "__import__", "importlib"}
_EVERYTHING = "*"


def slice_of(source: bytes, names: set[str]) -> str:
    """The statements of a module that names need, directly or not, as normalized code.

    Returns:
      All of the module when it has none of them, or looks names up as the program runs.
    """
    module = ast.parse(source)
    binding = [(statement, set(_bound(statement))) for statement in module.body]
    if not any(names & bound for _, bound in binding) or _REFLECTION & set(_used(module)):
        return ast.unparse(module)
    needed = {*names, _EVERYTHING}
    waiting = [*needed]
    while waiting:
        wanted = waiting.pop()
        for statement, bound in binding:
            if wanted in bound:
                new = set(_used(statement)) - needed
                needed |= new
                waiting.extend(new)
    return "\n".join(ast.unparse(s) for s, bound in binding if bound & needed)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement of the module gives a meaning to, or changes."""
    for node in [statement, *_inner(statement)]:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    yield (alias.asname or alias.name).partition(".")[0]
            case ast.Name(ctx=ast.Store()):
                yield node.id
            case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()) | ast.Expr():
                yield from _used(node)


def _inner(statement: ast.stmt) -> Iterator[ast.AST]:
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from ast.walk(statement)


def _used(node: ast.AST) -> Iterator[str]:
    return (found.id for found in ast.walk(node) if isinstance(found, ast.Name))
