"""Files that only their owner can read. What is in them never reaches a log or a command line."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

from tfx_airflow.deployment.layout import USER, Layout

_OWNER_ONLY = 0o600


def write_private(path: Path, text: str) -> None:
    """Replaces a file; at no moment can another user read it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


def ensure_secrets(layout: Layout) -> dict[str, str]:
    """Airflow's keys, made at the first start and kept: a new one would end every login."""
    if not layout.secrets.exists():
        made = {
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "jwt_secret": secrets.token_urlsafe(48),
            "secret_key": secrets.token_urlsafe(48),
        }
        write_private(layout.secrets, json.dumps(made))
    kept: dict[str, str] = json.loads(layout.secrets.read_text(encoding="utf-8"))
    return kept


def ensure_password(layout: Layout) -> None:
    """Makes the password before Airflow starts, which would print one of its own making."""
    if not layout.passwords.exists():
        write_private(layout.passwords, json.dumps({USER: secrets.token_urlsafe(18)}))


def read_password(layout: Layout) -> str:
    """The password of the one user."""
    passwords: dict[str, str] = json.loads(layout.passwords.read_text(encoding="utf-8"))
    return passwords[USER]
