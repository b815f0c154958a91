"""The memory plan: an offset in one arena for every activation and every kernel's scratch.

Values that share memory, because a node only renames them or because a kernel may work in place, form one buffer. A
buffer lives from the step that first writes it to the step that last reads it; two buffers that live at the same step
may not overlap. The least arena there can be is the largest sum of the buffers that live at one step (`bound`).

Placing rectangles best is hard in general, so several cheap orders are tried first, best fit in each, and a search over
orders follows while the plan is above the bound; for the small graphs of this field it reaches the bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lilliput.compiler.graph import ITEM_BYTES, Graph, Node, Value
from lilliput.compiler.op import Kernel

VALUE_ALIGN = 4
"""Bytes; kernels read four int8 at once."""
SCRATCH_ALIGN = 8
ARENA_ALIGN = 16
"""What the user's arena must be aligned to."""

EXACT_BUFFERS = 24
"""Up to this many buffers the search over orders is exhaustive (with bounds), within `SEARCH_STEPS`."""
SEARCH_STEPS = 200_000


@dataclass(frozen=True)
class Step:
    """One executed node: its kernel and the node it comes from. `index` is its place in time."""

    index: int
    node: Node
    kernel: Kernel


@dataclass(frozen=True)
class Buffer:
    """Memory that one or more values share, live in the closed interval [first, last] of steps.

    Inputs of the network are written before step 0 (first = -1); outputs are read after the last step; states live all
    the time.
    """

    names: tuple[str, ...]
    nbytes: int
    first: int
    last: int
    align: int

    def meets(self, other: Buffer) -> bool:
        """True when both live at some step."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class MemoryPlan:
    """Offsets in the arena.

    Args:
        arena_bytes: size of the arena.
        bound: the largest sum of live buffers at one step; no plan can be smaller.
        offsets: value name → byte offset; names that share a buffer have equal offsets.
        scratch: step index → byte offset of its scratch.
        buffers: all buffers with their offsets, for reports and drawings.
        method: which placement found the plan.
    """

    arena_bytes: int
    bound: int
    offsets: Mapping[str, int]
    scratch: Mapping[int, int]
    buffers: tuple[tuple[Buffer, int], ...]
    method: str

    def live_bytes(self, step: int) -> int:
        """Bytes of the buffers that live at a step."""
        return sum(buffer.nbytes for buffer, _ in self.buffers if buffer.first <= step <= buffer.last)


def plan_memory(graph: Graph, steps: Sequence[Step], renamed: Mapping[str, str]) -> MemoryPlan:
    """Place every activation and scratch of `steps`.

    Args:
        graph: gives the sizes, the inputs and the outputs.
        steps: the kernel calls in order.
        renamed: output → input of the nodes that need no code, whose output is the input's very bytes.
    """
    buffers = live_buffers(graph, steps, renamed)
    offsets, method = place(buffers)
    arena = max((offset + buffer.nbytes for buffer, offset in zip(buffers, offsets, strict=True)), default=0)
    of_name = {name: offset for buffer, offset in zip(buffers, offsets, strict=True) for name in buffer.names}
    return MemoryPlan(
        arena_bytes=arena,
        bound=liveness_bound(buffers),
        offsets={name: offset for name, offset in of_name.items() if name in graph.values},
        scratch={step.index: of_name[_scratch_name(step)] for step in steps if step.kernel.scratch_bytes},
        buffers=tuple(zip(buffers, offsets, strict=True)),
        method=method,
    )


def live_buffers(graph: Graph, steps: Sequence[Step], renamed: Mapping[str, str]) -> list[Buffer]:
    """The buffers to place, after merging renamed values and in-place outputs."""
    states = [value.name for value in graph.states]
    first = dict.fromkeys((*graph.inputs, *states), -1)
    last = dict.fromkeys((*graph.outputs, *states), len(steps))
    root = {name: name for name, value in graph.values.items() if not value.is_constant}

    def find(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    def extend(name: str, index: int) -> None:
        name = find(name)
        first[name] = min(first.get(name, index), index)
        last[name] = max(last.get(name, index), index)

    def merge(output: str, into: str) -> None:
        a, b = find(output), find(into)
        if a == b:
            return
        for table, pick in ((first, min), (last, max)):
            found = [table[name] for name in (a, b) if name in table]
            if found:
                table[b] = pick(found)
            table.pop(a, None)
        root[a] = b

    for output, source in renamed.items():
        merge(output, source)
    for step in steps:
        for name in step.kernel.operands:
            extend(name, step.index)
    for step in steps:  # in place, once all lifetimes are known: the input must die here and the output be born here
        output = step.kernel.operands[-1]
        for position in step.kernel.in_place:
            source = find(step.kernel.operands[position])
            same_size = graph.values[step.kernel.operands[position]].nbytes >= graph.values[output].nbytes
            if last[source] == step.index and first[find(output)] == step.index and same_size:
                merge(output, source)
                break

    groups: dict[str, list[str]] = {}
    for name in root:
        groups.setdefault(find(name), []).append(name)
    buffers = [
        Buffer(
            names=tuple(names),
            nbytes=max(graph.values[n].nbytes for n in names),
            first=first[key],
            last=last.get(key, 0),
            align=max(alignment(graph.values[n]) for n in names),
        )
        for key, names in groups.items()
        if key in first
    ]
    buffers += [
        Buffer((_scratch_name(step),), step.kernel.scratch_bytes, step.index, step.index, SCRATCH_ALIGN)
        for step in steps
        if step.kernel.scratch_bytes
    ]
    return buffers


def alignment(value: Value) -> int:
    """Bytes: a word, or the element where that is wider."""
    return max(VALUE_ALIGN, ITEM_BYTES[value.dtype])


def liveness_bound(buffers: Sequence[Buffer]) -> int:
    """The largest sum of live bytes at one step."""
    times = sorted({buffer.first for buffer in buffers})
    return max((sum(b.nbytes for b in buffers if b.first <= t <= b.last) for t in times), default=0)


def place(buffers: Sequence[Buffer]) -> tuple[list[int], str]:
    """An offset for each buffer, and the name of the method that found the smallest arena."""
    bound = liveness_bound(buffers)
    best: tuple[int, list[int], str] | None = None
    for method, order in _orders(buffers):
        offsets = _place_in_order(buffers, order)
        arena = max((offset + buffers[i].nbytes for i, offset in enumerate(offsets)), default=0)
        if best is None or arena < best[0]:
            best = (arena, offsets, method)
        if arena <= bound:
            break
    if best is None:
        return [], "empty"
    arena, offsets, method = best
    if arena > bound and len(buffers) <= EXACT_BUFFERS:
        found = _search(buffers, arena, bound)
        if found is not None:
            return found, "exact search"
    return offsets, method


def _orders(buffers: Sequence[Buffer]) -> Iterator[tuple[str, list[int]]]:
    """Cheap placing orders, the greedy-by-size one of other planners among them."""
    index = list(range(len(buffers)))
    yield "largest first", sorted(index, key=lambda i: (-buffers[i].nbytes, buffers[i].first, i))
    # Sizes that end off the alignment go last: behind them the next buffer would leave a gap.
    yield "ragged last", sorted(index, key=lambda i: (buffers[i].nbytes % SCRATCH_ALIGN > 0, -buffers[i].nbytes, i))
    yield "longest first", sorted(index, key=lambda i: (buffers[i].first - buffers[i].last, -buffers[i].nbytes, i))
    yield "in order of time", sorted(index, key=lambda i: (buffers[i].first, -buffers[i].nbytes, i))
    yield (
        "largest area first",
        sorted(index, key=lambda i: (-buffers[i].nbytes * (buffers[i].last - buffers[i].first + 1), i)),
    )
    yield (
        "most crowded first",
        sorted(index, key=lambda i: (-sum(b.nbytes for b in buffers if b.meets(buffers[i])), -buffers[i].nbytes, i)),
    )


def _place_in_order(buffers: Sequence[Buffer], order: Sequence[int]) -> list[int]:
    """Best fit: each buffer goes into the smallest gap that holds it, the lowest of equals, else on top."""
    offsets = [0] * len(buffers)
    placed: list[int] = []
    for i in order:
        offsets[i] = _best_gap(buffers, offsets, placed, i)
        placed.append(i)
    return offsets


def _best_gap(buffers: Sequence[Buffer], offsets: Sequence[int], placed: Sequence[int], i: int) -> int:
    taken = sorted((offsets[j], offsets[j] + buffers[j].nbytes) for j in placed if buffers[j].meets(buffers[i]))
    cursor, best = 0, None
    for low, high in taken:
        start = _aligned(cursor, buffers[i].align)
        room = low - start
        if room >= buffers[i].nbytes and (best is None or room < best[0]):
            best = (room, start)
        cursor = max(cursor, high)
    return best[1] if best is not None else _aligned(cursor, buffers[i].align)


def _search(buffers: Sequence[Buffer], limit: int, bound: int) -> list[int] | None:
    """Depth-first over placements at each candidate offset, pruned at the best arena so far; stops at the bound."""
    order = sorted(range(len(buffers)), key=lambda i: (-buffers[i].nbytes, buffers[i].first))
    offsets = [0] * len(buffers)
    best: list[int] | None = None
    best_arena, steps = limit, 0

    def descend(depth: int, arena: int) -> None:
        nonlocal best, best_arena, steps
        steps += 1
        if arena >= best_arena or steps > SEARCH_STEPS:
            return
        if depth == len(order):
            best, best_arena = list(offsets), arena
            return
        i = order[depth]
        for start in _candidates(buffers, offsets, order[:depth], i):
            offsets[i] = start
            descend(depth + 1, max(arena, start + buffers[i].nbytes))
            if best_arena <= bound:
                return

    descend(0, 0)
    return best


def _candidates(buffers: Sequence[Buffer], offsets: Sequence[int], placed: Sequence[int], i: int) -> list[int]:
    """Offsets worth trying: the floor, and the top of each buffer that lives at the same time, where it fits."""
    taken = [(offsets[j], offsets[j] + buffers[j].nbytes) for j in placed if buffers[j].meets(buffers[i])]
    size, align = buffers[i].nbytes, buffers[i].align
    starts = sorted({_aligned(start, align) for start in (0, *(high for _, high in taken))})
    return [s for s in starts if all(s + size <= low or s >= high for low, high in taken)]


def _aligned(offset: int, align: int) -> int:
    return -(-offset // align) * align


def _scratch_name(step: Step) -> str:
    return f"scratch of {step.node.name}"
