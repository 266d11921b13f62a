"""Keyed hashes: values can be compared, and not be guessed without the key."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

from tfx_contract.errors import SetupError

_KEY_BYTES = 32


class KeyedHash:
    """HMAC-SHA256 under a key of this installation."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def open(cls, path: Path) -> KeyedHash:
        """Reads the key; makes one, for its owner's eyes only, when there is none.

        Raises:
          SetupError: the file holds no key.
          OSError: it cannot be read or made.
        """
        if not path.exists():
            _make_key(path)
        return cls.read(path)

    @classmethod
    def read(cls, path: Path) -> KeyedHash:
        """Reads the key.

        Raises:
          SetupError: there is no key in `path`.
        """
        try:
            key = bytes.fromhex(path.read_text("ascii"))
        except FileNotFoundError:
            raise SetupError(
                f"There is no key of the request log's hashes in {path}; it lies where the "
                f"endpoint runs, in its folder."
            ) from None
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES:
            raise SetupError(
                f"{path} must hold {2 * _KEY_BYTES} hexadecimal digits, and does not. Bring the "
                f"file back; a new key would not find what was hashed with the old one."
            )
        return cls(key)

    def of(self, value: Any) -> str:
        """The hash of a value, 64 hexadecimal digits; 12, 12.0 and "12" have the same."""
        return hmac.digest(self._key, _as_bytes(value), "sha256").hex()


def _as_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _make_key(path: Path) -> None:
    """The first of several processes wins; no one ever reads half a key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
