"""The marker of an environment: what it was made from, and whether it was finished."""

from __future__ import annotations

import enum
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tfx_setup.layout import Environment
from tfx_setup.machine import Machine

# Raise it when an environment that an older set-up made has to be made anew.
RECIPE = 1


@dataclass(frozen=True)
class Marker:
    """What an environment was made from; two equal markers mean two equal environments."""

    recipe: int
    folder: str
    python: str
    glibc: str
    lock_sha256: str
    dev_lock_sha256: str | None
    finished: bool


class State(enum.Enum):
    """How an environment stands to what it should be."""

    MISSING = "missing"
    FOREIGN = "not made by set-up"
    HALF_MADE = "half-made"
    STALE = "out of date"
    INCOMPLETE = "without the present development packages"
    CURRENT = "up to date"


def digest_of(lock: Path) -> str:
    """The SHA-256 of a lock file without its comments, which change and install nothing."""
    lines = lock.read_text(encoding="utf-8").splitlines(keepends=True)
    pins = "".join(line for line in lines if not line.lstrip().startswith("#"))
    return hashlib.sha256(pins.encode()).hexdigest()


def wanted(environment: Environment, machine: Machine, *, private: bool, dev: bool) -> Marker:
    """The marker that the environment should carry."""
    return Marker(
        recipe=RECIPE,
        folder=str(environment.folder),
        python="{}.{}".format(*machine.python_version),
        glibc="private" if private else "system",
        lock_sha256=digest_of(environment.lock),
        dev_lock_sha256=digest_of(environment.dev_lock) if dev else None,
        finished=True,
    )


def state(environment: Environment, want: Marker) -> State:
    """Compares an environment with what it should be; opens one small file."""
    if not environment.folder.is_dir() or not any(environment.folder.iterdir()):
        return State.MISSING
    have = read(environment)
    if have is None:
        return State.FOREIGN
    if not have.finished or not environment.python.exists():
        return State.HALF_MADE
    if replace(have, dev_lock_sha256=want.dev_lock_sha256) != want:
        return State.STALE
    # Development packages only ever add to the others, which their lock is constrained by.
    has_them = want.dev_lock_sha256 in (None, have.dev_lock_sha256)
    return State.CURRENT if has_them else State.INCOMPLETE


def read(environment: Environment) -> Marker | None:
    """The marker in the environment; None when there is none."""
    try:
        return Marker(**json.loads(environment.marker.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        # Of an older set-up: whatever it was, it is to be made anew.
        return Marker(0, "", "", "", "", None, finished=False)


def write(environment: Environment, marker: Marker) -> None:
    """Writes the marker whole or not at all."""
    environment.folder.mkdir(parents=True, exist_ok=True)
    new = environment.marker.with_suffix(".new")
    new.write_text(json.dumps(asdict(marker), indent=2) + "\n", encoding="utf-8")
    new.replace(environment.marker)
