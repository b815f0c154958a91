"""The order of the nodes in which the network needs the least memory.

A network with branches can be run in many orders, and which buffers live at once depends on the order. `best_order`
searches all of them: a state is the set of steps that have run, an edge runs one more, and the price of a path is the
largest sum of live bytes on it, scratch included, an output that may take over an input's memory counted once. The
cheapest path to the full set comes out first of a queue that is ordered by price (Dijkstra's argument, with the largest
in place of the sum). Where the states are too many, a beam goes on: the best few sets of each size.

A buffer that was taken over in place is as large as the value in it from then on, so that a set of steps says what
lives behind it, and the price is exactly `memory.liveness_bound`.

Source: Ahn et al., Ordering Chaos: Memory-Aware Scheduling of Irregularly Wired Neural Networks for Edge Devices
(arXiv:2003.02369) search the same space by dynamic programming over sets.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from lilliput.compiler.graph import Graph, Node
from lilliput.compiler.op import Kernel

EXACT_STATES = 20_000
"""Up to this many sets of steps the search is exhaustive."""
BEAM_STATES = 20_000
"""About how many the beam looks at, its width times its length."""
NARROWEST = 4


def best_order(graph: Graph, kernels: Mapping[str, Kernel | None]) -> Graph:
    """The same graph, its nodes in the order found; the given one where none needs less.

    Args:
        graph: nodes in any legal order.
        kernels: node name → its kernel, None where the node needs no code.
    """
    while True:  # a beam from the order that a beam found may find a better one; then nothing is left to find
        problem = _problem(graph, kernels)
        given = problem.peak(range(len(problem.steps)))
        if given <= problem.floor:
            return graph
        found, is_exact = _exact(problem, given)
        if not is_exact:
            found = _beam(problem, given)
        if found is None:
            return graph
        graph = graph.replace(nodes=_with_renamed(graph, kernels, [problem.steps[i].name for i in found]))
        if is_exact:
            return graph


@dataclass(frozen=True)
class _Step:
    """One node with a kernel: the buffers it touches, by number.

    Args:
        name: of the node.
        reads: buffers of the operands but the last, each once.
        writes: buffer of the last operand.
        scratch: bytes.
        over: the inputs whose memory the output may take over, in the kernel's order: (buffer, bytes of the operand).
        made: bytes of the output's value.
        before: bit set of the steps that must have run.
    """

    name: str
    reads: tuple[int, ...]
    writes: int
    scratch: int
    over: tuple[tuple[int, int], ...]
    made: int
    before: int


class _After(NamedTuple):
    """What running a step leads to: the largest sum of live bytes while it runs, the sum behind it."""

    peak: int
    live: int


@dataclass(frozen=True)
class _Problem:
    """The steps in the given order, and the buffers: sizes, readers and writers as bit sets, those that live on."""

    steps: tuple[_Step, ...]
    sizes: tuple[int, ...]
    touched_by: tuple[int, ...]
    born_before: frozenset[int]
    kept: frozenset[int]

    @cached_property
    def start(self) -> int:
        """Bytes that live before the first step: the inputs that a step or the outside reads, and the states."""
        return sum(self.sizes[b] for b in self.born_before)

    @cached_property
    def floor(self) -> int:
        """No order needs less: what any one step, and the beginning, need by themselves."""
        alone = [self._alone(step) for step in self.steps]
        return max([self.start, *alone])

    def _alone(self, step: _Step) -> int:
        used = {*step.reads, step.writes}
        total = sum(self.sizes[b] for b in used) + step.scratch
        saved = [step.made for b, size in step.over if size >= step.made and self._may_end(b)]
        return total - (max(saved) if saved and step.writes not in step.reads else 0)

    def _may_end(self, buffer: int) -> bool:
        return buffer not in self.kept

    def run(self, done: int, live: int, index: int) -> _After:
        """Run one more step after the set `done`, with `live` bytes alive."""
        step, bit, sizes = self.steps[index], 1 << index, self.sizes
        ends = [b for b in dict.fromkeys((*step.reads, step.writes)) if self._ends(b, done | bit)]
        is_new = step.writes not in self.born_before and not self.touched_by[step.writes] & done
        taken = self._taken_over(step, ends) if is_new else None
        during = live + (sizes[step.writes] if is_new else 0)
        after = during - sum(sizes[b] for b in ends)
        if taken is not None:  # the two share their memory at this step
            during -= min(sizes[taken], sizes[step.writes])
        return _After(during + step.scratch, after)

    def _ends(self, buffer: int, done: int) -> bool:
        return buffer not in self.kept and not self.touched_by[buffer] & ~done

    def _taken_over(self, step: _Step, ends: Sequence[int]) -> int | None:
        for buffer, size in step.over:
            if buffer != step.writes and buffer in ends and size >= step.made:
                return buffer
        return None

    def peak(self, order: Sequence[int]) -> int:
        """The largest sum of live bytes of an order."""
        done, live, most = 0, self.start, self.start
        for index in order:
            after = self.run(done, live, index)
            done, live, most = done | 1 << index, after.live, max(most, after.peak)
        return most

    def ready(self, done: int) -> list[int]:
        """The steps that can run next, in the given order."""
        return [i for i, s in enumerate(self.steps) if not done >> i & 1 and not s.before & ~done]

    def frees(self, index: int, done: int) -> bool:
        """True when running this step at once, if it fits and leaves no more alive, can cost nothing later: nothing
        else waits to read what it reads, so that no other step's place decides what is taken over."""
        step = self.steps[index]
        return all(not self.touched_by[b] & ~(done | 1 << index) for b in step.reads)


def _problem(graph: Graph, kernels: Mapping[str, Kernel | None]) -> _Problem:
    source: dict[str, str] = {}
    for node in graph.nodes:
        kernel = kernels[node.name]
        if kernel is None:
            source[node.output] = node.inputs[0]
        elif kernel.operands[-1] != node.output:
            source[node.output] = kernel.operands[-1]

    def root(name: str) -> str:
        while name in source:
            name = source[name]
        return name

    active = [name for name, value in graph.values.items() if not value.is_constant]
    roots = list(dict.fromkeys(root(name) for name in active))
    number = {name: roots.index(name) for name in roots}
    sizes = [0] * len(roots)
    for name in active:
        sizes[number[root(name)]] = max(sizes[number[root(name)]], graph.values[name].nbytes)
    nodes = [node for node in graph.nodes if kernels[node.name] is not None]
    place = {node.output: index for index, node in enumerate(nodes)}
    touched = [0] * len(roots)
    steps = []
    for index, node in enumerate(nodes):
        kernel = kernels[node.name]
        assert kernel is not None  # chosen above
        *reads, writes = kernel.operands
        for name in kernel.operands:
            touched[number[root(name)]] |= 1 << index
        steps.append(
            _Step(
                name=node.name,
                reads=tuple(dict.fromkeys(number[root(name)] for name in reads)),
                writes=number[root(writes)],
                scratch=kernel.scratch_bytes,
                over=tuple((number[root(reads[p])], graph.values[reads[p]].nbytes) for p in kernel.in_place),
                made=graph.values[writes].nbytes,
                before=_before(graph, kernels, place, node),
            )
        )
    born = {number[root(name)] for name in (*graph.inputs, *(state.name for state in graph.states))}
    kept = {number[root(name)] for name in (*graph.outputs, *(state.name for state in graph.states))}
    return _Problem(tuple(steps), tuple(sizes), tuple(touched), frozenset(born), frozenset(kept))


def _before(graph: Graph, kernels: Mapping[str, Kernel | None], place: Mapping[str, int], node: Node) -> int:
    """Bit set of the steps whose outputs a node reads, looked up through the nodes without code."""
    bits, wanted = 0, list(node.inputs)
    while wanted:
        name = wanted.pop()
        maker = graph.producers.get(name)
        if maker is None:
            continue
        if kernels[maker.name] is None:
            wanted += maker.inputs
        else:
            bits |= 1 << place[name]
    return bits


def _exact(problem: _Problem, given: int) -> tuple[list[int] | None, bool]:
    """An order of the least peak, if that is below `given`, and whether all states were looked at that could matter."""
    full = (1 << len(problem.steps)) - 1
    queue: list[tuple[int, int, tuple[int, ...], int, int]] = [(problem.floor, 0, (), 0, problem.start)]
    seen: set[int] = set()
    while queue:
        price, left, path, done, live = heapq.heappop(queue)
        if done == full:
            return list(path), True
        if done in seen:
            continue
        seen.add(done)
        if len(seen) > EXACT_STATES:
            return None, False
        for index, after in _next(problem, done, live, price):
            peak = max(price, after.peak)
            if peak < given:
                heapq.heappush(queue, (peak, left - 1, (*path, index), done | 1 << index, after.live))
    return None, True


def _next(problem: _Problem, done: int, live: int, price: int) -> list[tuple[int, _After]]:
    """The steps to try next: only one where one can cost nothing."""
    found = []
    for index in problem.ready(done):
        after = problem.run(done, live, index)
        if after.peak <= price and after.live <= live and problem.frees(index, done):
            return [(index, after)]
        found.append((index, after))
    return found


def _beam(problem: _Problem, given: int) -> list[int] | None:
    """The best order that the best few sets of each size lead to, below `given`."""
    width = max(NARROWEST, BEAM_STATES // len(problem.steps))
    front: list[tuple[int, int, tuple[int, ...], int]] = [(problem.floor, problem.start, (), 0)]
    for _ in problem.steps:
        best: dict[int, tuple[int, int, tuple[int, ...], int]] = {}
        for price, live, path, done in front:
            for index, after in _next(problem, done, live, price):
                peak, key = max(price, after.peak), done | 1 << index
                state = (peak, after.live, (*path, index), key)
                if peak < given and (key not in best or state < best[key]):
                    best[key] = state
        front = heapq.nsmallest(width, best.values())
    return list(front[0][2]) if front else None


def _with_renamed(graph: Graph, kernels: Mapping[str, Kernel | None], names: Sequence[str]) -> list[Node]:
    """The nodes with kernels in the order of `names`; each other node as soon as what it reads is there."""
    by_name = {node.name: node for node in graph.nodes}
    waiting = [node for node in graph.nodes if kernels[node.name] is None]
    made = {name for name, value in graph.values.items() if name not in graph.producers}
    ordered: list[Node] = []

    def settle() -> None:
        for node in list(waiting):
            if made.issuperset(node.inputs):
                waiting.remove(node)
                ordered.append(replace(node))
                made.update(node.outputs)

    settle()
    for name in names:
        ordered.append(by_name[name])
        made.update(by_name[name].outputs)
        settle()
    return ordered
