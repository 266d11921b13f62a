"""What of a module one component is made of."""

from __future__ import annotations

import pytest

from tfx_runtime.code_slice import slice_of

MODULE = """
import os
from pathlib import Path as P
import helper

FOLDER = P("/data")
SETTINGS = {}
SETTINGS["depth"] = 2
os.environ["LEVEL"] = "3"
if SETTINGS:
    LIMIT = 4


def read():
    return FOLDER / "rows"


def unrelated():
    return helper.help()


@decorated
def Component():
    return read()


def Deep():
    return SETTINGS


def Limited():
    return LIMIT
"""


def _slice(name: str, before: str, after: str) -> tuple[str, str]:
    changed = MODULE.replace(before, after)
    assert changed != MODULE
    return slice_of(MODULE.encode(), {name}), slice_of(changed.encode(), {name})


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("Component", '"/data"', '"/more"'),
        ("Component", '"rows"', '"lines"'),
        ("Component", "@decorated", "@changed"),
        ("Component", "Path as P", "PurePath as P"),
        ("Deep", '"depth"] = 2', '"depth"] = 3'),
        ("Limited", "LIMIT = 4", "LIMIT = 5"),
        ("Limited", "if SETTINGS:", "if not SETTINGS:"),
    ],
)
def test_what_a_name_needs_is_part_of_it(name: str, before: str, after: str) -> None:
    one, other = _slice(name, before, after)
    assert one != other


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("Component", "helper.help()", "helper.hinder()"),
        ("Component", "LIMIT = 4", "LIMIT = 5"),
        ("Component", "import helper", "import helper, calendar"),
        ("Component", "def read():", "# how it reads\ndef read():"),
        ("Limited", '"/data"', '"/more"'),
    ],
)
def test_what_it_does_not_need_is_not(name: str, before: str, after: str) -> None:
    one, other = _slice(name, before, after)
    assert one == other


@pytest.mark.parametrize("reach", ["globals()['read']", "importlib.import_module('helper')"])
def test_who_looks_names_up_as_it_runs_needs_them_all(reach: str) -> None:
    module = MODULE + f"\n\ndef Late():\n    return {reach}\n"
    assert "unrelated" in slice_of(module.encode(), {"Component"})


def test_a_name_that_is_not_there_needs_them_all() -> None:
    assert "unrelated" in slice_of(MODULE.encode(), {"Missing"})
