"""The process that a node runs in: `python -m tfx_runtime.child REQUEST.json RESULT.json`.

The warm worker forks it instead, with TFX already imported. Either way it leads a process group of
its own, dies with its parent, and answers SIGUSR1 with the stacks of all its threads.
"""

from __future__ import annotations

import ctypes
import faulthandler
import logging
import os
import signal
import sys
import tempfile
from pathlib import Path

from tfx_contract.node import NodeRequest

# For components that need to know the run: VersionPusher writes it into the manifest.
REQUEST_VARIABLE = "TFX_AIRFLOW_REQUEST"

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_LONGEST_LINE = 2000


def run(request_file: Path, result_file: Path) -> int:
    """Runs the node of the request, writes its result; returns the exit status."""
    die_with_parent(os.getppid())
    configure_logging()
    request = NodeRequest.read(request_file)
    _show_name(request.node_id)
    os.environ[REQUEST_VARIABLE] = str(request_file)
    # TFX takes seconds to import, so it happens in here, after the process is under control.
    from tfx_runtime.node import execute

    result = execute(request)
    result.write(result_file)
    return 0 if result.succeeded else 1


def keep_temporary_files_in(folder: Path) -> None:
    """TensorFlow and Beam leave theirs behind; whoever made the folder removes it."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def lead_group() -> None:
    """Makes this process the head of a session, so that its whole family can be ended at once."""
    if os.getsid(0) != os.getpid():
        os.setsid()
    faulthandler.register(signal.SIGUSR1, all_threads=True)


def die_with_parent(parent: int) -> None:
    """Has the kernel kill this process when its parent ends (Linux; elsewhere the pipe breaks)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _show_name(node_id: str) -> None:
    """Has `ps` and `top` show which node this is (Linux; the kernel keeps 15 characters)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, node_id.encode())


def configure_logging() -> None:
    """One line a record on standard output, whatever library writes it.

    Protos are cut short, and what a library repeats word by word is said once.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    handler.addFilter(_shorten)
    handler.addFilter(_Once().allows)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("absl", "apache_beam", "tensorflow"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("apache_beam").setLevel(logging.WARNING)


def _shorten(record: logging.LogRecord) -> bool:
    text = record.getMessage()
    if len(text) > _LONGEST_LINE and record.levelno < logging.WARNING:
        record.msg, record.args = text[:_LONGEST_LINE] + " …", ()
    return True


class _Once:
    """Lets each message below a warning pass once; Transform has some for each feature and pass."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def allows(self, record: logging.LogRecord) -> bool:
        text = hash(record.getMessage())
        is_new = text not in self._seen
        self._seen.add(text)
        return is_new or record.levelno >= logging.WARNING


if __name__ == "__main__":
    lead_group()
    sys.exit(run(Path(sys.argv[1]), Path(sys.argv[2])))
