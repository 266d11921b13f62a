"""Fills the templates."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent / "templates"
_LINE = 100


def render(template: str, context: Mapping[str, Any]) -> str:
    """A template's text."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {"literal": literal, "comment": comment}
    return environment.get_template(template).render(context)


def literal(value: Any) -> str:
    """A value as Python and YAML both write it: texts in double quotes."""
    if not isinstance(value, str):
        return repr(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(map(_printable, escaped))}"'


def comment(text: str, indent: int = 0) -> str:
    """A text as comment lines, each ended."""
    start = f"{' ' * indent}# "
    lines = [
        line
        for paragraph in text.split("\n")
        for line in textwrap.wrap(_visible(paragraph), _LINE - len(start), break_on_hyphens=False)
    ]
    return "".join(f"{start}{line}\n" for line in lines)


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
