"""The Airflow side: DAG factory, DAG bundle, node operator, local deployment and command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfx_airflow.dags import airflow_dags

__all__ = ["airflow_dags"]


def __getattr__(name: str) -> object:
    # The command line imports this package too, and must not wait for Airflow.
    if name == "airflow_dags":
        from tfx_airflow.dags import airflow_dags

        return airflow_dags
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
