"""Where a page is, for those who link to it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

PREFIX = "/tfx-airflow"


def report_address(base_url: str, dag_id: str, folder: Path) -> str:
    """The address of a drift report's page; empty when Airflow does not know its own.

    Args:
      base_url: Airflow's.
      dag_id: The DAG that made the report; who may see its runs may see the page.
      folder: The report's, `…/<execution>/<try>`.
    """
    if not base_url:
        return ""
    execution, attempt = folder.parts[-2:]
    place = "/".join(quote(part, safe="") for part in ("drift", dag_id, execution, attempt))
    return f"{base_url.rstrip('/')}{PREFIX}/{place}"
