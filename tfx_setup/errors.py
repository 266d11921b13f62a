"""The errors of set-up: what is wrong, and what to do about it.

SetupError          a person has to do something first
└── CommandError    a command that set-up ran has failed; carries its output
"""

from __future__ import annotations

from collections.abc import Sequence


class SetupError(Exception):
    """Set-up cannot go on until a person does what `fix` says."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}\n  What to do: {fix}")
        self.problem = problem
        self.fix = fix


class CommandError(SetupError):
    """A command ended with a non-zero status."""

    def __init__(self, command: Sequence[str], status: int, output: str) -> None:
        self.output = output
        closing = "\n".join("    " + line for line in output.strip().splitlines()[-15:])
        super().__init__(
            f"{' '.join(command[:3])} … failed with status {status}:\n{closing}", _fix(output)
        )


_FIXES = {
    "NO_PUBKEY": "the machine's archive keyring is too old: "
    "run `apt-get install --only-upgrade debian-archive-keyring`, then again",
    "No space left": "free some disk space and run again",
    "certificate": "check the certificates that this machine trusts (package ca-certificates; "
    "SSL_CERT_FILE names a bundle of your own), then run again",
    "different hashes": "a downloaded file is not the one that the lock names: "
    "look for a proxy or an index of your own that alters files",
    "hash mismatch": "a downloaded file is not the one that the lock names: "
    "look for a proxy or an index of your own that alters files",
}
_NETWORK_SIGNS = (
    "dns error",
    "error sending request",
    "failed to lookup address",
    "name resolution",
    "could not resolve",
    "failed to resolve",
    "connection refused",
    "connection timed out",
    "network is unreachable",
    "newconnectionerror",
    "temporary failure",
)


def _fix(output: str) -> str:
    text = output.lower()
    if any(sign in text for sign in _NETWORK_SIGNS):
        return (
            "there is no network, or it needs a proxy (HTTPS_PROXY): "
            "see to that and run again; what was fetched already is kept"
        )
    for sign, fix in _FIXES.items():
        if sign.lower() in text:
            return fix
    return "read the lines above, see to their cause and run again"
