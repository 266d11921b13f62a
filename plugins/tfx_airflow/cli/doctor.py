"""`doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tfx_airflow.cli.console import show

if TYPE_CHECKING:
    from tfx_setup.checks import Finding


def doctor() -> None:
    """Check the machine, the environments and the compiled pipelines; say how to fix each."""
    from tfx_airflow.checks import all_findings

    found = all_findings()
    for finding in found:
        _show(finding)
    if not all(finding.ok for finding in found):
        raise typer.Exit(1)


def _show(finding: Finding) -> None:
    mark, style = ("ok ", "") if finding.ok else ("BAD", "bold yellow")
    show(f"{mark}  {finding.name}: {finding.found}", style)
    if not finding.ok:
        show(f"     fix: {finding.fix}")
