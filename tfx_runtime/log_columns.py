"""What the request log withholds of the raw columns: nobody can learn from that."""

from __future__ import annotations

from pathlib import Path

from tfx.utils import io_utils

from tfx_contract.errors import CompileError
from tfx_contract.model_spec import StandardModelSpec


def check_log_columns(spec: StandardModelSpec, schema_file: Path) -> None:
    """Sees to it that a model that learns from its log finds every raw column there.

    Raises:
      CompileError: columns of the schema are dropped or hashed; it says which.
    """
    if not (spec.drift and spec.drift.learn_from_log and spec.serving):
        return
    schema = io_utils.SchemaReader().read(str(schema_file))
    raw = {feature.name for feature in schema.feature}
    log = spec.serving.log
    for key, names in (("drop", log.drop), ("hash", log.hash)):
        if withheld := sorted(raw.intersection(names)):
            raise CompileError(
                f"drift.learn_from_log: serving.log.{key} names {', '.join(withheld)}, which the "
                "model learns from; the log would not hold the values. Take the columns out of "
                f"serving.log.{key}, or switch learn_from_log off."
            )
