"""Shows a run while it goes on: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tfx_airflow.progress import NodeProgress, RunProgress

_STYLES = {
    "success": "green",
    "failed": "bold red",
    "running": "bold cyan",
    "up_for_retry": "yellow",
    "skipped": "magenta",
    "upstream_failed": "red",
}


def show_until_end(run: RunProgress, console: Console) -> None:
    """Follows the run to its end."""
    if console.is_terminal:
        _show_table(run, console)
    else:
        _show_lines(run, console)


def _show_table(run: RunProgress, console: Console) -> None:
    with Live(_table(run), console=console, refresh_per_second=4) as live:
        for _ in run.follow():
            live.update(_table(run))


def _show_lines(run: RunProgress, console: Console) -> None:
    shown: dict[str, tuple[str, int]] = {}
    for _ in run.follow():
        for node, progress in run.nodes.items():
            now = (progress.state, progress.try_number)
            if progress.state != "waiting" and shown.get(node) != now:
                shown[node] = now
                console.print(_line(progress), highlight=False, markup=False)


def _table(run: RunProgress) -> Table:
    table = Table(
        title=f"{run.dag_id} · {run.run_id} · {run.state}", title_justify="left", expand=True
    )
    table.add_column("Node", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Seconds", justify="right", no_wrap=True)
    table.add_column("Last log line", ratio=1, no_wrap=True, overflow="ellipsis")
    for progress in run.nodes.values():
        style = _STYLES.get(progress.state, "dim")
        cells = (Text(progress.node), Text(_state(progress), style), Text(_seconds(progress)))
        table.add_row(*cells, Text(progress.last_line, "dim"))
    return table


def _line(progress: NodeProgress) -> str:
    return "  ".join(filter(None, (progress.node, _state(progress), _seconds(progress, " s"))))


def _state(progress: NodeProgress) -> str:
    again = f" (try {progress.try_number})" if progress.try_number > 1 else ""
    return f"{progress.state}{again}"


def _seconds(progress: NodeProgress, unit: str = "") -> str:
    return "" if progress.seconds is None else f"{progress.seconds:.1f}{unit}"
