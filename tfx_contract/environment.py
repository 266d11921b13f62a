"""What a model was trained on: the machine, and the versions of what computes."""

from __future__ import annotations

from pydantic import Field

from tfx_contract.record import Record


class Environment(Record):
    """One machine and one Python environment."""

    python: str
    platform: str = Field(description="Operating system, kernel and C library.")
    packages: dict[str, str] = Field(description="Versions of the packages that compute, by name.")
    processor: str = ""
    cores: int = Field(ge=1)
    memory_bytes: int = Field(ge=0)
    accelerators: list[str] = Field(default=[], description="As TensorFlow names them.")
    deterministic: bool = Field(
        default=False, description="Whether TensorFlow was told to compute the same every time."
    )
