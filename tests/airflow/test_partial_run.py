"""Which nodes of a partial run do their work."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tfx_airflow.partial_run import plan
from tfx_contract.compiled import NodeRecord

DIAMOND = [
    NodeRecord(id="Gen", type="G"),
    NodeRecord(id="Left", type="L", upstream=["Gen"]),
    NodeRecord(id="Right", type="R", upstream=["Gen"]),
    NodeRecord(id="Join", type="J", upstream=["Left", "Right"]),
    NodeRecord(id="Side", type="S", upstream=["Left"]),
]


@st.composite
def graphs(draw: st.DrawFn) -> list[NodeRecord]:
    count = draw(st.integers(1, 12))
    names = [f"N{number}" for number in range(count)]
    return [
        NodeRecord(
            id=name,
            type="T",
            upstream=draw(st.lists(st.sampled_from(names[:i]), unique=True)) if i else [],
        )
        for i, name in enumerate(names)
    ]


def test_without_bounds_every_node_runs() -> None:
    parts = plan(DIAMOND)
    assert parts.run == {"Gen", "Left", "Right", "Join", "Side"}
    assert not parts.reuse


def test_what_runs_lies_between_and_what_it_needs_is_reused() -> None:
    parts = plan(DIAMOND, "Left", "Join")
    assert (parts.run, parts.reuse) == ({"Left", "Join"}, {"Gen", "Right"})


def test_a_branch_that_nobody_needs_is_left_out() -> None:
    parts = plan(DIAMOND, last="Right")
    assert (parts.run, parts.reuse) == ({"Gen", "Right"}, frozenset())


@given(graphs(), st.data())
def test_every_node_that_runs_finds_its_inputs(
    nodes: list[NodeRecord], data: st.DataObject
) -> None:
    names = st.none() | st.sampled_from([node.id for node in nodes])
    parts = plan(nodes, data.draw(names), data.draw(names))
    assert not parts.run & parts.reuse
    for node in nodes:
        if node.id in parts.run | parts.reuse:
            assert set(node.upstream) <= parts.run | parts.reuse
        if node.id in parts.reuse:
            assert not set(node.upstream) & parts.run
