"""Which nodes of a partial run do their work, and which give what they last published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tfx_contract.compiled import NodeRecord


@dataclass(frozen=True)
class Plan:
    """The nodes of one run by what they do; a node of neither set is left out."""

    run: frozenset[str]
    reuse: frozenset[str]


def plan(nodes: Sequence[NodeRecord], first: str | None = None, last: str | None = None) -> Plan:
    """What every node does in a run from `first` to `last`.

    Those that can be reached from `first` and reach `last` run; all that they depend on is taken
    over from an earlier run. This is how TFX's partial runs choose.

    Args:
      nodes: In topological order.
      first: The node to begin with; None: every root.
      last: The node to end with; None: every leaf.
    """
    after = _reachable(nodes, first) if first else {node.id for node in nodes}
    before = _ancestors(nodes, [last]) if last else {node.id for node in nodes}
    run = after & before
    return Plan(run=frozenset(run), reuse=frozenset(_ancestors(nodes, run) - run))


def _reachable(nodes: Sequence[NodeRecord], first: str) -> set[str]:
    found = {first}
    for node in nodes:
        if found.intersection(node.upstream):
            found.add(node.id)
    return found


def _ancestors(nodes: Sequence[NodeRecord], starts: Iterable[str]) -> set[str]:
    """The nodes themselves and all that they depend on."""
    found = set(starts)
    for node in reversed(nodes):
        if node.id in found:
            found.update(node.upstream)
    return found
