"""The environment that this process computes in."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

from tfx_contract.environment import Environment

_COMPUTING = (
    "apache-beam",
    "keras",
    "numpy",
    "pyarrow",
    "tensorflow",
    "tensorflow-data-validation",
    "tensorflow-model-analysis",
    "tensorflow-transform",
    "tfx",
)
_CPU_FACTS = Path("/proc/cpuinfo")


def current_environment() -> Environment:
    """This machine and this Python environment."""
    import tensorflow as tf

    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        packages={name: version for name in _COMPUTING if (version := _version(name))},
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        accelerators=[device.name for device in tf.config.list_physical_devices("GPU")],
        deterministic=_is_deterministic(),
    )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's model; its architecture where the system does not tell."""
    if _CPU_FACTS.exists():
        for line in _CPU_FACTS.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _is_deterministic() -> bool:
    from tensorflow.python.framework import config

    return bool(config.is_op_determinism_enabled())
