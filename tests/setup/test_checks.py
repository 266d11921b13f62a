"""What the checks find, and what they say to do about it."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from tfx_setup import marker
from tfx_setup.checks import Finding, environment_finding, findings, port_finding, report
from tfx_setup.layout import PROJECT_ROOT, Layout
from tfx_setup.machine import Machine


def by_name(found: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in found}


def test_a_fresh_project_lacks_both_environments_and_says_how_to_make_them(
    layout: Layout, bookworm: Machine
) -> None:
    found = by_name(findings(layout, bookworm, port=0))
    assert found["Python"].ok
    assert found["glibc"].ok
    assert "newer one of its own" in found["glibc"].found
    for name, folder in (("airflow", ".venv"), ("tfx", ".venv-tfx")):
        finding = found[f"{name} environment"]
        assert not finding.ok
        assert finding.found.startswith("missing")
        assert f"`make {folder}`" in finding.fix


def test_a_half_made_environment_is_found(layout: Layout, bookworm: Machine) -> None:
    want = marker.wanted(layout.airflow, bookworm, private=False, dev=False)
    marker.write(layout.airflow, replace(want, finished=False))
    assert environment_finding(layout.airflow, bookworm).found.startswith("half-made")


def test_a_missing_lock_is_named(layout: Layout, bookworm: Machine) -> None:
    layout.tfx.lock.unlink()
    finding = environment_finding(layout.tfx, bookworm)
    assert not finding.ok
    assert "requirements-tfx.txt is missing" in finding.found


def test_an_unsupported_machine_fails_python_glibc_and_tfx_alone(
    layout: Layout, bookworm: Machine
) -> None:
    machine = replace(bookworm, python_version=(3, 10), glibc=(2, 31), codename="focal")
    found = by_name(findings(layout, machine, port=0))
    assert not found["Python"].ok
    assert not found["glibc"].ok
    assert "2.31" in found["glibc"].found
    assert found["tfx environment"].found == "cannot be made here"


def test_a_taken_port_is_found() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        finding = port_finding(port)
    assert (finding.name, finding.ok) == (f"port {port}", False)
    assert port_finding(port).ok


def test_the_report_shows_a_fix_only_where_one_is_needed() -> None:
    text = report([Finding("one", True, "fine", "never shown"), Finding("two", False, "bad", "do")])
    assert "never shown" not in text
    assert text.splitlines()[-1].strip() == "do"


@pytest.mark.parametrize("port", ["8080"])
def test_the_check_runs_without_any_package(port: str) -> None:
    command = [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, sys.argv.pop(1));"]
    command[-1] += "from tfx_setup.__main__ import main; sys.exit(main())"
    answer = subprocess.run(
        [*command, str(PROJECT_ROOT), "check", "--port", port],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode in (0, 1), answer.stderr
    assert f"port {port}" in answer.stdout
