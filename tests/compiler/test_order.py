"""The order search against brute force over all orders, on random graphs and on branches whose file order is bad."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.compiler import order
from lilliput.compiler.graph import Graph, Node, Quant, Value
from lilliput.compiler.memory import live_buffers
from lilliput.compiler.op import Kernel
from lilliput.compiler.order import best_order
from lilliput.compiler.placement import liveness_bound
from lilliput.compiler.program import compile_graph, schedule
from lilliput.compiler.serialise import graph_from_plain, graph_to_plain

Q = Quant.per_tensor(0.5, 0)
Kernels = Mapping[str, Kernel | None]


def network(nodes: list[tuple[str, tuple[str, ...], int]], outputs: tuple[str, ...]) -> Graph:
    """Nodes as (name, inputs, bytes of the output), from an input `x` of 40 bytes."""
    values = {"x": Value("x", (1, 40), "int8", Q)}
    values |= {name: Value(name, (1, size), "int8", Q) for name, _, size in nodes}
    made = tuple(Node("concat", name, inputs, (name,), {"axis": 1}) for name, inputs, _ in nodes)
    return Graph("g", values, made, ("x",), outputs)


def plain_kernels(graph: Graph, scratch: int = 0) -> Kernels:
    return {n.name: Kernel("lp_k", (), (*n.inputs, n.output), scratch_bytes=scratch) for n in graph.nodes}


def bound(graph: Graph, kernels: Kernels) -> int:
    steps, renamed = schedule(graph, kernels)
    return liveness_bound(live_buffers(graph, steps, renamed))


def every_order(graph: Graph) -> Iterator[Graph]:
    def extend(done: tuple[Node, ...], left: tuple[Node, ...]) -> Iterator[tuple[Node, ...]]:
        if not left:
            yield done
        known = {"x", *(node.output for node in done)}
        for i, node in enumerate(left):
            if known.issuperset(node.inputs):
                yield from extend((*done, node), (*left[:i], *left[i + 1 :]))

    return (graph.replace(nodes=nodes) for nodes in extend((), graph.nodes))


def breadth_first(branches: int = 4) -> Graph:
    """Each branch opens wide and closes narrow; the file opens all of them first."""
    wide = [(f"wide{i}", ("x",), 100) for i in range(branches)]
    narrow = [(f"narrow{i}", (f"wide{i}",), 5) for i in range(branches)]
    join = ("join", tuple(f"narrow{i}" for i in range(branches)), 5 * branches)
    return network([*wide, *narrow, join], ("join",))


@st.composite
def networks(draw: st.DrawFn) -> tuple[Graph, Kernels]:
    count = draw(st.integers(2, 6))
    names, nodes = ["x"], []
    kernels: dict[str, Kernel | None] = {}
    for i in range(count):
        inputs = tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)))
        size = draw(st.sampled_from((8, 16, 16, 40, 64)))
        nodes.append((f"n{i}", inputs, size))
        in_place = tuple(draw(st.lists(st.sampled_from(range(len(inputs))), max_size=2, unique=True)))
        scratch = draw(st.sampled_from((0, 0, 24)))
        kernels[f"n{i}"] = Kernel("lp_k", (), (*inputs, f"n{i}"), scratch_bytes=scratch, in_place=in_place)
        names.append(f"n{i}")
    read = {name for _, inputs, _ in nodes for name in inputs}
    ends = tuple(name for name in names[1:] if name not in read or draw(st.integers(0, 9)) == 0)
    graph = network(nodes, ends)
    for node in graph.nodes:  # a few nodes only rename
        if len(node.inputs) == 1 and node.inputs[0] != "x" and draw(st.integers(0, 4)) == 0:
            same = graph.values[node.inputs[0]].shape
            graph = graph.replace(values={**graph.values, node.output: replace(graph.values[node.output], shape=same)})
            kernels[node.name] = None
    return graph, kernels


@settings(derandomize=True, max_examples=150, deadline=None)
@given(networks())
def test_no_order_of_all_needs_less_than_the_one_found(made: tuple[Graph, Kernels]) -> None:
    graph, kernels = made
    found = best_order(graph, kernels)
    assert {node.name for node in found.nodes} == {node.name for node in graph.nodes}
    assert bound(found, kernels) == min(bound(other, kernels) for other in every_order(graph))


@settings(derandomize=True, max_examples=60, deadline=None)
@given(networks())
def test_the_price_of_the_given_order_is_the_planners_bound(made: tuple[Graph, Kernels]) -> None:
    graph, kernels = made
    problem = order._problem(graph, kernels)
    read = {name for node in graph.nodes for name in node.inputs}
    if read >= {"x"}:
        assert problem.peak(range(len(problem.steps))) == bound(graph, kernels)


def test_branches_are_closed_before_the_next_is_opened() -> None:
    graph = breadth_first()
    kernels = plain_kernels(graph)
    found = best_order(graph, kernels)
    assert bound(graph, kernels) == 40 + 4 * 100
    assert bound(found, kernels) == 40 + 3 * 5 + 100  # the last branch open, x still wanted by it, the others closed
    assert [n.name for n in found.nodes][:4] == ["wide0", "narrow0", "wide1", "narrow1"]


def test_a_beam_orders_what_has_too_many_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "EXACT_STATES", 10)
    graph = breadth_first(12)
    kernels = plain_kernels(graph, scratch=3)
    found = best_order(graph, kernels)
    assert bound(found, kernels) == 40 + 11 * 5 + 100 + 3
    assert best_order(found, kernels) is found


def test_a_chain_and_a_best_order_stay_as_they_are() -> None:
    chain = network([("a", ("x",), 30), ("b", ("a",), 50), ("c", ("b",), 10)], ("c",))
    assert best_order(chain, plain_kernels(chain)) is chain
    found = best_order(breadth_first(), plain_kernels(breadth_first()))
    assert best_order(found, plain_kernels(found)) is found


def branchy() -> Graph:
    """Real operators: four wide poolings of one image, each cut to a strip, and the strips joined."""
    values = {"x": Value("x", (1, 8, 8, 4), "int8", Q)}
    wide, narrow = [], []
    for i in range(4):
        values[f"w{i}"] = Value(f"w{i}", (1, 6, 6, 4), "int8", Q)
        values[f"s{i}"] = Value(f"s{i}", (1, 1, 6, 4), "int8", Q)
        pool = {"window": (3, 3), "stride": (1, 1), "padding": ((0, 0), (0, 0))}
        wide.append(Node("max_pool2d" if i % 2 else "avg_pool2d", f"w{i}", ("x",), (f"w{i}",), pool))
        cut = {"begin": (0, i, 0, 0), "end": (1, i + 1, 6, 4), "strides": (1, 1, 1, 1)}
        narrow.append(Node("slice", f"s{i}", (f"w{i}",), (f"s{i}",), cut))
    values["y"] = Value("y", (1, 4, 6, 4), "int8", Q)
    join = Node("concat", "y", tuple(f"s{i}" for i in range(4)), ("y",), {"axis": 1})
    return Graph("branchy", values, (*wide, *narrow, join), ("x",), ("y",))


def test_a_compiled_network_gets_the_order_and_gives_the_same_bytes() -> None:
    graph = branchy()
    program = compile_graph(graph)
    kernels = plain_kernels(graph)
    assert program.plan.arena_bytes < bound(graph, kernels) == 256 + 4 * 144
    assert program.plan.arena_bytes <= 256 + 144 + 3 * 24 + 24
    assert [step.node.name for step in program.steps] != [node.name for node in graph.nodes]
    x = np.random.default_rng(0).integers(-128, 128, (5, 8, 8, 4)).astype(np.int8)
    np.testing.assert_array_equal(program.run(x)[0], replace(program, graph=graph).run(x)[0])


def test_a_stored_network_is_compiled_in_the_same_order_again() -> None:
    program = compile_graph(branchy())
    again = compile_graph(graph_from_plain(*graph_to_plain(program.graph)))
    assert again.sources == program.sources
