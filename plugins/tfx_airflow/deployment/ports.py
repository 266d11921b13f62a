"""The ports that the local deployment listens on, each of them a setting."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from tfx_contract.errors import SetupError

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Port:
    """A port: the environment variable that chooses it, and its default."""

    variable: str
    default: int

    def wanted(self) -> int:
        """The port that the user chose, or the default.

        Raises:
          SetupError: the setting is not a port number.
        """
        found = os.environ.get(self.variable) or str(self.default)
        if not found.isdecimal() or not 1 <= int(found) <= 65535:
            raise SetupError(
                f"{self.variable}: found '{found}'; allowed: a port number from 1 to 65535."
            )
        return int(found)

    def refuse_taken(self, number: int) -> None:
        """Makes sure that no other program listens there.

        Raises:
          SetupError: one does; the message says how to choose another port.
        """
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, number))
            except OSError:
                raise SetupError(
                    f"Port {number} of {HOST} is taken by another program. "
                    f"Choose another: {self.variable}={number + 1} tfx-airflow up"
                ) from None


def free_port() -> int:
    """A port that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


AIRFLOW = Port("TFX_AIRFLOW_PORT", 8080)
ENDPOINT = Port("TFX_AIRFLOW_ENDPOINT_PORT", 8501)
