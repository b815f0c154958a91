"""The memory planner against its bound, against a greedy planner written here, and against the independent checker."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lilliput.compiler import placement
from lilliput.compiler.graph import Graph, Node, Quant, Value
from lilliput.compiler.memory import MemoryPlan, Step, plan_memory
from lilliput.compiler.memory_check import check_plan
from lilliput.compiler.op import Kernel
from lilliput.compiler.placement import Buffer, Part, liveness_bound, place
from lilliput.core.errors import BadPlan

Q = Quant.per_tensor(0.5, 0)


def buffer(nbytes: int, first: int, last: int, align: int = 1) -> Buffer:
    return Buffer((f"{nbytes}@{first}-{last}",), nbytes, first, last, align)


def greedy_by_size(buffers: list[Buffer]) -> int:
    """Arena of the planner that interpreters use: largest first, first gap that fits."""
    placed: list[tuple[Buffer, int]] = []
    for item in sorted(buffers, key=lambda b: (-b.nbytes, b.first)):
        offset = 0
        for low, high in sorted((o, o + b.nbytes) for b, o in placed if b.meets(item)):
            if low - offset >= item.nbytes:
                break
            offset = max(offset, high)
        placed.append((item, offset))
    return max(offset + b.nbytes for b, offset in placed)


BUFFERS = st.lists(
    st.tuples(st.integers(1, 5000), st.integers(0, 8), st.integers(0, 4)).map(
        lambda t: buffer(t[0], t[1], t[1] + t[2])
    ),
    min_size=1,
    max_size=14,
)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(BUFFERS)
def test_no_two_live_buffers_overlap_and_no_plan_is_worse_than_greedy(buffers: list[Buffer]) -> None:
    offsets, _ = place(buffers)
    for i, a in enumerate(buffers):
        for j, b in enumerate(buffers[:i]):
            if a.meets(b):
                assert offsets[i] + a.nbytes <= offsets[j] or offsets[j] + b.nbytes <= offsets[i]
    arena = max(offset + b.nbytes for offset, b in zip(offsets, buffers, strict=True))
    assert liveness_bound(buffers) <= arena <= greedy_by_size(buffers)


@pytest.mark.parametrize(("repairs", "by"), [(placement.REPAIRS, "largest first, repaired"), (0, "exact search")])
def test_search_reaches_the_bound_where_greedy_does_not(repairs: int, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "REPAIRS", repairs)
    shapes = [(7, 3, 4), (6, 1, 1), (3, 5, 6), (6, 0, 1), (9, 1, 2), (7, 2, 3), (7, 6, 9), (7, 4, 7), (4, 2, 5)]
    buffers = [buffer(*shape) for shape in shapes]
    offsets, method = place(buffers)
    arena = max(offset + b.nbytes for offset, b in zip(offsets, buffers, strict=True))
    assert (arena, liveness_bound(buffers), greedy_by_size(buffers)) == (21, 21, 23)
    assert method == by


def shrinking(*sizes: int, first: int) -> Buffer:
    """A buffer that needs `sizes` bytes one after the other, two steps each, neighbours sharing a step."""
    parts = tuple(Part(first + i, first + i + 1, n) for i, n in enumerate(sizes))
    return Buffer((str(sizes),), max(sizes), parts[0].first, parts[-1].last, 1, parts)


SHAPES = st.lists(
    st.tuples(st.lists(st.integers(1, 900), min_size=1, max_size=4), st.integers(0, 8)).map(
        lambda t: shrinking(*t[0], first=t[1])
    ),
    min_size=1,
    max_size=12,
)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(SHAPES)
def test_buffers_whose_size_changes_overlap_at_no_step(buffers: list[Buffer]) -> None:
    offsets, _ = place(buffers)
    for step in range(14):
        live = sorted((o, b.bytes_at(step)) for o, b in zip(offsets, buffers, strict=True) if b.bytes_at(step))
        assert all(low + size <= high for (low, size), (high, _) in itertools.pairwise(live))
    arena = max(offset + b.nbytes for offset, b in zip(offsets, buffers, strict=True))
    assert liveness_bound(buffers) <= arena


def test_what_is_free_behind_a_smaller_value_is_used() -> None:
    buffers = [shrinking(100, 20, first=0), buffer(80, 2, 3)]
    assert place(buffers)[0] == [0, 20]
    assert liveness_bound(buffers) == 100


def chain(*sizes: int, in_place: bool = False) -> tuple[Graph, list[Step]]:
    """A row of kernels, each reading the value before it; sizes in bytes."""
    values = {f"v{i}": Value(f"v{i}", (1, n), "int8", Q) for i, n in enumerate(sizes)}
    nodes = [Node("relu", f"n{i}", (f"v{i}",), (f"v{i + 1}",)) for i in range(len(sizes) - 1)]
    steps = [
        Step(i, n, Kernel("lp_x", (), (*n.inputs, *n.outputs), in_place=(0,) if in_place else ()))
        for i, n in enumerate(nodes)
    ]
    return Graph("chain", values, tuple(nodes), ("v0",), (f"v{len(sizes) - 1}",)), steps


def test_a_chain_needs_its_largest_neighbours() -> None:
    graph, steps = chain(100, 300, 200, 50)
    plan = plan_memory(graph, steps, {})
    assert plan.arena_bytes == plan.bound == 500
    check_plan(graph, steps, {}, plan)


def test_in_place_kernels_share_one_buffer() -> None:
    graph, steps = chain(96, 96, 96, in_place=True)
    plan = plan_memory(graph, steps, {})
    assert plan.arena_bytes == 96
    check_plan(graph, steps, {}, plan)


def test_a_buffer_gets_smaller_with_the_value_in_it() -> None:
    """v1 is made in place of v0 and is small; v2 then finds room beside it, where v0 was."""
    graph, steps = chain(400, 40, 360)
    steps[0] = replace(steps[0], kernel=replace(steps[0].kernel, in_place=(0,)))
    plan = plan_memory(graph, steps, {})
    assert plan.offsets["v0"] == plan.offsets["v1"] == 0
    assert plan.arena_bytes == plan.bound == 400
    assert [plan.live_bytes(step) for step in (0, 1)] == [400, 400]
    check_plan(graph, steps, {}, plan)


def test_in_place_is_not_taken_while_the_input_is_still_needed() -> None:
    graph, steps = chain(96, 96, 96, in_place=True)
    add = Node("add", "late", ("v2", "v0"), ("out",))
    graph = Graph(
        "skip", {**graph.values, "out": Value("out", (1, 96), "int8", Q)}, (*graph.nodes, add), ("v0",), ("out",)
    )
    steps.append(Step(2, add, Kernel("lp_add", (), ("v2", "v0", "out"), in_place=(0, 1))))
    plan = plan_memory(graph, steps, {})
    assert plan.offsets["v0"] != plan.offsets["v1"]
    assert plan.arena_bytes == 192
    check_plan(graph, steps, {}, plan)


def test_scratch_is_live_only_in_its_step_and_is_aligned() -> None:
    graph, steps = chain(101, 50, 50)
    steps[1] = replace(steps[1], kernel=replace(steps[1].kernel, scratch_bytes=40))
    plan = plan_memory(graph, steps, {})
    assert plan.scratch[1] % 8 == 0
    assert plan.arena_bytes <= 160
    check_plan(graph, steps, {}, plan)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: replace(p, offsets={**p.offsets, "v0": p.offsets["v1"]}), "overlaps input 'v0'"),
        (lambda p: replace(p, offsets={**p.offsets, "v1": 2}), "not aligned"),
        (lambda p: replace(p, arena_bytes=p.arena_bytes - 1), "outside the arena"),
        (lambda p: replace(p, offsets={**p.offsets, "v1": -4}), "outside the arena"),
    ],
)
def test_the_checker_refuses_a_broken_plan(change: object, message: str) -> None:
    graph, steps = chain(100, 300, 200)
    plan: MemoryPlan = change(plan_memory(graph, steps, {}))  # type: ignore[operator]
    with pytest.raises(BadPlan, match=message):
        check_plan(graph, steps, {}, plan)


def test_the_checker_sees_a_value_that_was_overwritten_before_its_last_reader() -> None:
    graph, steps = chain(100, 100, 100)
    add = Node("add", "late", ("v2", "v0"), ("out",))
    values = {**graph.values, "out": Value("out", (1, 100), "int8", Q)}
    graph = Graph("skip", values, (*graph.nodes, add), ("v0",), ("out",))
    steps.append(Step(2, add, Kernel("lp_add", (), ("v2", "v0", "out"))))
    good = plan_memory(graph, steps, {})
    check_plan(graph, steps, {}, good)
    bad = replace(good, offsets={**good.offsets, "v2": good.offsets["v0"]})
    with pytest.raises(BadPlan, match="'v0' were overwritten"):
        check_plan(graph, steps, {}, bad)


def test_sizes_that_cannot_be_are_refused() -> None:
    from lilliput.core.errors import ImpossibleSize

    with pytest.raises(ImpossibleSize, match="every axis must be 1 or more"):
        _ = Value("x", (1, 0), "int8").nbytes
    with pytest.raises(ImpossibleSize, match="the limit is"):
        _ = Value("x", (1, 1 << 40), "int8").nbytes
    assert Value("x", (1, 3), "int32").nbytes == 12
    assert np.dtype("int32").itemsize == 4
