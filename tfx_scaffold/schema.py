"""The curated schema of a new model: TFDV's inferred one, with room for tomorrow's data."""

from __future__ import annotations

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_scaffold.columns import Column, Kind
from tfx_scaffold.facts import Facts
from tfx_scaffold.problem import Problem
from tfx_scaffold.problem_kind import ProblemKind
from tfx_scaffold.render import comment
from tfx_scaffold.table import CellType, Table

_MOST_WORDS = 20
_NEW_WORDS = 0.05
_INT64 = (-(2**63), 2**63 - 1)
_HEADER = (
    "The curated schema: what the data of this model must look like. Data is judged by it, never "
    "by one that was inferred from that same data. ExampleGen reads a blank cell as a feature "
    "without a value: what may be blank has `value_count { max: 1 }`, what may not has `min: 1` as "
    "well. Ranges are those of the first file, widened by their own length on both sides; narrow "
    "them where you know better."
)
_YEAR_2100 = 4_102_444_800


def schema_text(table: Table, columns: list[Column], problem: Problem) -> str:
    """`schema.pbtxt`."""
    planned = {column.name: column for column in columns}
    parts = [comment(_HEADER)]
    domains: list[schema_pb2.StringDomain] = []
    for name in table.frame.columns:
        column = planned.get(name)
        facts = column.facts if column else problem.facts
        reason = f"{column.kind}: {column.reason}" if column else f"The label: {problem.reason}"
        feature = _feature(facts)
        if column is None and problem.kind is not ProblemKind.REGRESSION:
            _fix_label(feature, problem, domains)
        elif column and column.kind is not Kind.LEFT_OUT:
            _add_range(feature, facts)
            _add_words(feature, table, column, domains)
        parts.append(f"{comment(reason)}{_text(schema_pb2.Schema(feature=[feature]))}")
    texts = [_text(schema_pb2.Schema(string_domain=[domain])) for domain in domains]
    return "\n".join([parts[0], "".join(parts[1:]) + "".join(texts)])


def _feature(facts: Facts) -> schema_pb2.Feature:
    feature = schema_pb2.Feature(name=facts.name, type=schema_pb2.FeatureType.Value(facts.type))
    feature.value_count.max = 1
    if not facts.missing:
        feature.value_count.min = 1
        feature.presence.min_fraction, feature.presence.min_count = 1.0, 1
    return feature


def widened(facts: Facts) -> tuple[float, float]:
    """The range of the file and as much again on both sides; what is never negative stays so."""
    length = (facts.highest - facts.lowest) or max(abs(facts.highest), 1.0)
    lowest = 0.0 if facts.lowest >= 0 else facts.lowest - length
    if facts.units_a_second:
        return lowest, float(_YEAR_2100 * facts.units_a_second)
    return lowest, facts.highest + length


def _add_range(feature: schema_pb2.Feature, facts: Facts) -> None:
    if facts.type is CellType.TEXT:
        return
    lowest, highest = widened(facts)
    if facts.type is CellType.INT:
        feature.int_domain.min = max(int(lowest), _INT64[0])
        feature.int_domain.max = min(int(highest), _INT64[1])
    else:
        feature.float_domain.min, feature.float_domain.max = lowest, highest


def _add_words(
    feature: schema_pb2.Feature,
    table: Table,
    column: Column,
    domains: list[schema_pb2.StringDomain],
) -> None:
    facts = column.facts
    if column.kind not in (Kind.TEXT, Kind.FLAG) or facts.type is not CellType.TEXT:
        return
    if facts.distinct <= _MOST_WORDS:
        words = sorted(table.frame[column.name].dropna().unique())
        domains.append(schema_pb2.StringDomain(name=column.name, value=words))
        feature.domain = column.name
        # A new word is no reason to stop, many are.
        feature.distribution_constraints.min_domain_mass = 1 - _NEW_WORDS


def _fix_label(
    feature: schema_pb2.Feature, problem: Problem, domains: list[schema_pb2.StringDomain]
) -> None:
    """The label has the values of the first file and no others."""
    if problem.facts.type is CellType.TEXT:
        domains.append(schema_pb2.StringDomain(name=problem.label, value=problem.classes))
        feature.domain = problem.label
    elif problem.facts.type is CellType.INT:
        feature.int_domain.min, feature.int_domain.max = min(problem.classes), max(problem.classes)


def _text(schema: schema_pb2.Schema) -> str:
    return str(text_format.MessageToString(schema, as_utf8=True))
