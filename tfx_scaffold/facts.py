"""What TFDV finds out about each column, and the little that it does not count."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from tfx_scaffold.table import CellType, Table

# Above this skewness the largest values would stand tens of deviations from the mean.
LONG_TAIL = 2.0
_UNITS = {
    schema_pb2.TimeDomain.UNIX_SECONDS: 1,
    schema_pb2.TimeDomain.UNIX_MILLISECONDS: 1000,
}


@dataclass(frozen=True)
class Facts:
    """One column."""

    name: str
    type: CellType
    rows: int
    missing: int
    distinct: int
    lowest: float = 0.0
    highest: float = 0.0
    median: float = 0.0
    deviation: float = 0.0
    skewness: float = 0.0
    whole: bool = False
    average_length: float = 0.0
    is_prose: bool = False
    # Of a column of time stamps in numbers: how many of its units are a second.
    units_a_second: int | None = None

    @property
    def known(self) -> int:
        return self.rows - self.missing

    @property
    def missing_share(self) -> float:
        return self.missing / self.rows

    @property
    def is_long_tailed(self) -> bool:
        return self.lowest >= 0 and self.skewness > LONG_TAIL

    def range(self) -> str:
        """For comments: from the least to the greatest value."""
        style = ",.0f" if self.whole else ",.6g"
        return f"{self.lowest:{style}} to {self.highest:{style}}"


def column_facts(table: Table) -> dict[str, Facts]:
    """The facts of every column, by its name."""
    options = tfdv.StatsOptions(
        # Finds out which texts and numbers are dates, and which texts are prose.
        enable_semantic_domain_stats=True,
        num_top_values=1,
        num_rank_histogram_buckets=1,
    )
    statistics = tfdv.generate_statistics_from_dataframe(table.frame, options)
    schema = tfdv.infer_schema(statistics)
    declared = {feature.name: feature for feature in schema.feature}
    return {
        found.path.step[0]: _facts(table, found, declared[found.path.step[0]])
        for found in statistics.datasets[0].features
    }


def _facts(
    table: Table,
    found: statistics_pb2.FeatureNameStatistics,
    declared: schema_pb2.Feature,
) -> Facts:
    name = found.path.step[0]
    cells = table.frame[name]
    common = {
        "name": name,
        "type": table.types[name],
        "rows": table.rows,
        "missing": int(cells.isna().sum()),
        "distinct": int(cells.nunique()),
    }
    if table.types[name] is CellType.TEXT:
        texts = found.string_stats
        prose = declared.WhichOneof("domain_info") == "natural_language_domain"
        return Facts(**common, average_length=texts.avg_length, is_prose=prose)
    numbers = found.num_stats
    values = cells.dropna().astype("float64")
    return Facts(
        **common,
        lowest=numbers.min,
        highest=numbers.max,
        median=numbers.median,
        deviation=numbers.std_dev,
        skewness=_skewness(values),
        whole=bool((values % 1 == 0).all()),
        units_a_second=_units(declared),
    )


def _skewness(values: pd.Series) -> float:
    skewness = values.skew() if len(values) > 2 else 0.0
    return 0.0 if pd.isna(skewness) else float(skewness)


def _units(declared: schema_pb2.Feature) -> int | None:
    if declared.WhichOneof("domain_info") != "time_domain":
        return None
    return _UNITS.get(declared.time_domain.integer_format)


def is_id_name(name: str) -> bool:
    """Whether people name identifiers so: `id`, `customer_id`, `orderId`, `uuid`, `row number`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return re.search(r"(^|[^a-z])(id|uuid|guid|key|index|row|number|no|nr)$", words) is not None
