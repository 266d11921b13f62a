"""After all that: what the logs and the commands have told."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

from tests.e2e.deployment import Deployment
from tfx_airflow.deployment.private_files import read_password

_TOKEN = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")


def test_no_secret_and_no_token_is_in_a_log_or_was_printed(deployment: Deployment) -> None:
    secrets = _secrets(deployment)
    assert len(secrets) >= 4
    told = {"the commands": "".join(deployment.output).encode()}
    told |= {str(path): path.read_bytes() for path in _files(deployment.layout.logs)}
    assert len(told) > 20
    for where, text in told.items():
        found = [name for name, secret in secrets.items() if secret.encode() in text]
        assert not found, f"{where} holds {', '.join(found)}"
        assert not _TOKEN.search(text), f"{where} holds a token"


def test_files_with_secrets_are_for_their_owner_alone(deployment: Deployment) -> None:
    layout = deployment.layout
    for path in (layout.passwords, layout.secrets, layout.config):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def _secrets(deployment: Deployment) -> dict[str, str]:
    keys: dict[str, str] = json.loads(deployment.layout.secrets.read_text())
    return {**keys, "password": read_password(deployment.layout)}


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
