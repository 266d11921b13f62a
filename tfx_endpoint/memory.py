"""Keeps Python's garbage collector from stopping the process while requests come in.

A full collection looks at every object that could be part of a cycle. TensorFlow and one loaded
model are about a million: 0.4 s in which nothing is answered. They stay until the process ends, or
until the model leaves, so the collector is told to leave them out.
"""

from __future__ import annotations

import gc


def keep_loaded() -> None:
    """Leaves out what is there now; to be called when something large was loaded."""
    gc.freeze()


def free_unloaded() -> None:
    """Frees what nobody holds any more, cycles included. Nothing is answered for about 0.5 s."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
