"""Where TFX runs, where it needs a C library of its own, and what is said where it cannot run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tfx_setup.errors import SetupError
from tfx_setup.machine import Machine, check_python, needs_private_runtime


def test_debian_12_needs_a_private_runtime(bookworm: Machine) -> None:
    assert needs_private_runtime(bookworm)


@pytest.mark.parametrize("glibc", [(2, 38), (2, 39), (2, 41), (3, 0)])
def test_a_newer_glibc_needs_none(bookworm: Machine, glibc: tuple[int, int]) -> None:
    assert not needs_private_runtime(replace(bookworm, glibc=glibc, codename="any"))


def test_an_arm_mac_needs_none(bookworm: Machine) -> None:
    mac = replace(bookworm, system="Darwin", processor="arm64", glibc=None, has_apt=False)
    assert not needs_private_runtime(mac)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"codename": "jammy", "glibc": (2, 35)}, "found 2.35 on jammy"),
        ({"codename": "", "glibc": (2, 34)}, "found 2.34 on an unnamed release"),
        ({"has_apt": False}, "apt-get and dpkg"),
        ({"glibc": None}, "glibc none"),
        ({"processor": "aarch64"}, "Linux on aarch64"),
        ({"system": "Darwin", "glibc": None}, "Darwin on x86_64"),
    ],
)
def test_elsewhere_the_error_names_what_was_found(
    bookworm: Machine, change: dict[str, object], named: str
) -> None:
    with pytest.raises(SetupError, match=named) as caught:
        needs_private_runtime(replace(bookworm, **change))
    assert "container" in caught.value.fix


@pytest.mark.parametrize("version", [(3, 8), (3, 10), (3, 14)])
def test_other_pythons_are_refused_with_the_allowed_ones(version: tuple[int, int]) -> None:
    with pytest.raises(SetupError, match=r"3\.11, 3\.12 and 3\.13 can") as caught:
        check_python(version)
    assert "PYTHON=" in caught.value.fix


def test_this_machine_is_described_by_its_base_interpreter() -> None:
    machine = Machine.here()
    assert machine.python.is_file()
    assert ".venv" not in machine.python.parts
