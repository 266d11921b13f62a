"""Airflow's settings for one machine, written as `airflow.cfg`; environment variables still win."""

from __future__ import annotations

import configparser
import io
import json
import os
from collections.abc import Mapping

from tfx_airflow.deployment.database import database_url
from tfx_airflow.deployment.layout import BUNDLE, USER, Layout
from tfx_airflow.deployment.ports import HOST
from tfx_airflow.deployment.private_files import ensure_password, ensure_secrets, write_private
from tfx_contract.home import PROJECT_ROOT

_AUTH_MANAGER = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
_BUNDLE_CLASS = "tfx_airflow.bundle.CompiledDagBundle"
_REFRESH_SECONDS = 5

Settings = Mapping[str, Mapping[str, object]]


def write_settings(layout: Layout, port: int) -> None:
    """Makes what Airflow reads at its start; nobody but the user can read it."""
    layout.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    layout.logs.mkdir(exist_ok=True)
    ensure_password(layout)
    keys = ensure_secrets(layout)
    write_private(layout.config, _as_text(_settings(layout, port, keys)))


def airflow_environment(layout: Layout) -> dict[str, str]:
    """The environment variables of every Airflow process.

    Settings of another Airflow in the caller's environment stay out: they would go before ours, and
    Airflow's own default is to listen on every address.
    """
    inherited = {name: value for name, value in os.environ.items() if "AIRFLOW__" not in name}
    paths = [str(PROJECT_ROOT), str(PROJECT_ROOT / "plugins"), os.environ.get("PYTHONPATH", "")]
    return {
        **inherited,
        "AIRFLOW_HOME": str(layout.folder),
        "AIRFLOW_CONFIG": str(layout.config),
        "TFX_AIRFLOW_HOME": str(layout.home.root),
        "TFX_AIRFLOW_DAGS": str(layout.home.dags),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONUNBUFFERED": "1",
    }


def _settings(layout: Layout, port: int, keys: Mapping[str, str]) -> Settings:
    address = f"http://{HOST}:{port}"
    return {
        "core": {
            "executor": "LocalExecutor",
            "parallelism": max(4, os.cpu_count() or 1),
            "load_examples": False,
            # Else a run could start on the graph of the pipeline before its own for that long.
            "min_serialized_dag_update_interval": 0,
            "plugins_folder": PROJECT_ROOT / "plugins",
            "dags_folder": layout.home.dags,
            "auth_manager": _AUTH_MANAGER,
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": layout.passwords,
            "execution_api_server_url": f"{address}/execution/",
            "fernet_key": keys["fernet_key"],
        },
        "database": {
            "sql_alchemy_conn": database_url(layout.database),
            "load_default_connections": False,
        },
        "api": {
            "host": HOST,
            "port": port,
            "base_url": address,
            "workers": 1,
            "secret_key": keys["secret_key"],
        },
        "api_auth": {"jwt_secret": keys["jwt_secret"]},
        "logging": {"base_log_folder": layout.logs / "tasks"},
        "usage_data_collection": {"enabled": False},
        **_pace(),
        "dag_processor": {**_parsing(), "dag_bundle_storage_path": layout.folder / "bundles"},
    }


def _pace() -> Settings:
    return {
        # The scheduler's sleep between two tasks is most of what Airflow adds to a chain of nodes.
        # A task that was killed together with its supervisor is noticed after the timeout.
        "scheduler": {
            "scheduler_idle_sleep_time": 0.1,
            "task_instance_heartbeat_timeout": 20,
            "task_instance_heartbeat_timeout_detection_interval": 2,
            "orphaned_tasks_check_interval": 30,
        },
        "workers": {"min_heartbeat_interval": 3},
    }


def _parsing() -> Mapping[str, object]:
    bundle = {
        "name": BUNDLE,
        "classpath": _BUNDLE_CLASS,
        "kwargs": {"refresh_interval": _REFRESH_SECONDS},
    }
    return {
        "dag_bundle_config_list": json.dumps([bundle]),
        "bundle_refresh_check_interval": 2,
        # What changes is announced by its time of change; nothing else need be parsed again.
        "min_file_process_interval": 300,
        "refresh_interval": _REFRESH_SECONDS,
        # Snapshots are ours, and runs may still be pinned to old ones.
        "stale_bundle_cleanup_interval": 0,
        "print_stats_interval": 0,
    }


def _as_text(settings: Settings) -> str:
    parser = configparser.RawConfigParser()
    for section, options in settings.items():
        # A per cent sign begins an interpolation in Airflow's reader.
        parser[section] = {key: str(value).replace("%", "%%") for key, value in options.items()}
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()
