"""The memory plan: an offset in one arena for every activation and every kernel's scratch.

Values that share memory, because a node only renames them or because a kernel may work in place, form one buffer. A
buffer lives from the step that first writes it to the step that last reads it; two buffers that live at the same step
may not overlap. A buffer whose value was taken over in place by a smaller one is smaller from then on, and what lies
behind it is free. The least arena there can be is the largest sum of the buffers that live at one step (`bound`).

Where the buffers go is `placement`'s to find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lilliput.compiler.graph import ITEM_BYTES, Graph, Node, Value
from lilliput.compiler.op import Kernel
from lilliput.compiler.ops import ops
from lilliput.compiler.placement import SCRATCH_ALIGN, Buffer, Part, liveness_bound, place

VALUE_ALIGN = 4
"""Bytes; kernels read four int8 at once."""
ARENA_ALIGN = 16
"""What the user's arena must be aligned to."""


@dataclass(frozen=True)
class Step:
    """One executed node: its kernel and the node it comes from. `index` is its place in time."""

    index: int
    node: Node
    kernel: Kernel


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
        return sum(buffer.bytes_at(step) for buffer, _ in self.buffers)


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


def resident_inputs(graph: Graph) -> tuple[str, ...]:
    """The network's inputs that lie in the arena: all but those that its nodes ask the application for in parts."""
    return tuple(
        name
        for name in graph.inputs
        if not graph.readers[name] or not all(ops[node.op].asks_outside for node in graph.readers[name])
    )


def live_buffers(graph: Graph, steps: Sequence[Step], renamed: Mapping[str, str]) -> list[Buffer]:
    """The buffers to place, after merging renamed values and in-place outputs."""
    states = [value.name for value in graph.states]
    first = dict.fromkeys((*resident_inputs(graph), *states), -1)
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
    groups: dict[str, list[str]] = {}
    for name in root:
        groups.setdefault(find(name), []).append(name)
    sizes = {key: max(graph.values[name].nbytes for name in names) for key, names in groups.items() if key in first}
    taken_over = dict(_taken_over(graph, steps, find, first, last))
    buffers = []
    for key in sizes:
        if key not in taken_over.values():
            chain = [key]
            while chain[-1] in taken_over:
                chain.append(taken_over[chain[-1]])
            parts = tuple(Part(first[k], last.get(k, 0), sizes[k]) for k in chain)
            names = tuple(name for k in chain for name in groups[k])
            buffers.append(
                Buffer(
                    names=names,
                    nbytes=max(part.nbytes for part in parts),
                    first=parts[0].first,
                    last=parts[-1].last,
                    align=max(alignment(graph.values[name]) for name in names),
                    parts=parts if len(parts) > 1 else (),
                )
            )
    buffers += [
        Buffer((_scratch_name(step),), step.kernel.scratch_bytes, step.index, step.index, SCRATCH_ALIGN)
        for step in steps
        if step.kernel.scratch_bytes
    ]
    return buffers


def alignment(value: Value) -> int:
    """Bytes: a word, or the element where that is wider."""
    return max(VALUE_ALIGN, ITEM_BYTES[value.dtype])


def _taken_over(
    graph: Graph,
    steps: Sequence[Step],
    find: Callable[[str], str],
    first: Mapping[str, int],
    last: Mapping[str, int],
) -> Iterator[tuple[str, str]]:
    """(input, output) of the steps in place: the input must die there, the output be born there, and fit into it."""
    for step in steps:
        output = step.kernel.operands[-1]
        for position in step.kernel.in_place:
            name = step.kernel.operands[position]
            source = find(name)
            fits = graph.values[name].nbytes >= graph.values[output].nbytes and source != find(output)
            if last[source] == step.index and first[find(output)] == step.index and fits:
                yield source, find(output)
                break


def _scratch_name(step: Step) -> str:
    return f"scratch of {step.node.name}"
