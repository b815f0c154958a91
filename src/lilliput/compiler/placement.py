"""Where buffers lie in an arena, so that no two that live at the same step overlap and the arena is small.

Placing best is hard in general. Several cheap orders come first, best fit in each; then orders that put what stuck out
of the arena earlier; then, for few buffers, a search over all offsets that matter. Each stops at the bound, the largest
sum of bytes that live at one step, which is reached for most networks of this field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

SCRATCH_ALIGN = 8

EXACT_BUFFERS = 24
"""Up to this many buffers the search over offsets is exhaustive (with bounds), within `SEARCH_STEPS`."""
SEARCH_STEPS = 200_000
REPAIRS = 40
"""How often the buffers that stick out are put earlier."""


class Part(NamedTuple):
    """The bytes that a buffer needs in the closed interval [first, last] of steps."""

    first: int
    last: int
    nbytes: int


@dataclass(frozen=True)
class Buffer:
    """Memory that one or more values share, live in the closed interval [first, last] of steps.

    Inputs of the network are written before step 0 (first = -1); outputs are read after the last step; states live all
    the time. `nbytes` is the most that it needs; `parts` say when it needs how much, where that changes, each beginning
    at the step with which the one before it ends.
    """

    names: tuple[str, ...]
    nbytes: int
    first: int
    last: int
    align: int
    parts: tuple[Part, ...] = ()

    @property
    def shape(self) -> tuple[Part, ...]:
        """`parts`, or all of it as one."""
        return self.parts or (Part(self.first, self.last, self.nbytes),)

    def meets(self, other: Buffer) -> bool:
        """True when both live at some step."""
        return self.first <= other.last and other.first <= self.last

    def bytes_at(self, step: int) -> int:
        """What it needs at a step; 0 where it does not live."""
        return max((part.nbytes for part in self.shape if part.first <= step <= part.last), default=0)


def liveness_bound(buffers: Sequence[Buffer]) -> int:
    """The largest sum of live bytes at one step."""
    coming = sorted(buffers, key=lambda buffer: buffer.first, reverse=True)
    live: list[Buffer] = []
    most = 0
    for time in sorted({part.first for buffer in buffers for part in buffer.shape}):
        live = [buffer for buffer in live if buffer.last >= time]
        while coming and coming[-1].first <= time:
            live.append(coming.pop())
        most = max(most, sum(buffer.bytes_at(time) for buffer in live))
    return most


def place(buffers: Sequence[Buffer]) -> tuple[list[int], str]:
    """An offset for each buffer, and the name of the method that found the smallest arena."""
    if not buffers:
        return [], "empty"
    placing, bound = _Placing(buffers), liveness_bound(buffers)
    best: tuple[int, list[int], list[int], str] | None = None
    for method, order in _orders(buffers):
        offsets = placing.in_order(order)
        arena = placing.arena(offsets)
        if best is None or arena < best[0]:
            best = (arena, offsets, order, method)
        if arena <= bound:
            return offsets, method
    assert best is not None  # there is an order
    arena, offsets, order, method = best
    repaired = placing.repair(order, bound)
    if placing.arena(repaired) < arena:
        arena, offsets, method = placing.arena(repaired), repaired, f"{method}, repaired"
    if arena > bound and len(buffers) <= EXACT_BUFFERS:
        found = placing.search(arena, bound)
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


class _Placing:
    """The buffers, and for each the others that live with it.

    Args:
        buffers: what to place.
    """

    def __init__(self, buffers: Sequence[Buffer]) -> None:
        self.buffers = buffers
        # Of each other j: (j, b, a): offsets from offset(j) - b to offset(j) + a, both excluded, would overlap it.
        self.clashes: list[list[tuple[int, int, int]]] = [[] for _ in buffers]
        open_: list[int] = []
        for i in sorted(range(len(buffers)), key=lambda i: buffers[i].first):
            open_ = [j for j in open_ if buffers[j].last >= buffers[i].first]
            for j in open_:
                pairs = list(_overlaps(buffers[i], buffers[j]))
                self.clashes[i] += [(j, mine, other) for mine, other in pairs]
                self.clashes[j] += [(i, other, mine) for mine, other in pairs]
            open_.append(i)

    def arena(self, offsets: Sequence[int]) -> int:
        """Bytes up to the highest end."""
        return max(offset + buffer.nbytes for offset, buffer in zip(offsets, self.buffers, strict=True))

    def in_order(self, order: Sequence[int]) -> list[int]:
        """Best fit: each buffer goes into the smallest gap that holds it, the lowest of equals, else on top."""
        offsets: list[int | None] = [None] * len(self.buffers)
        for i in order:
            offsets[i] = self._best_gap(offsets, i)
        return [offset or 0 for offset in offsets]

    def repair(self, order: Sequence[int], bound: int) -> list[int]:
        """Place in that order; put what ends highest in front of what it was laid upon, and place again; and so on.

        Returns: the best of all these placements.
        """
        offsets = best = self.in_order(order)
        order, seen = list(order), {tuple(order)}
        for _ in range(REPAIRS):
            arena = self.arena(offsets)
            if arena <= bound:
                break
            highest = next(i for i in order if offsets[i] + self.buffers[i].nbytes == arena)
            moves = [self._in_front(order, highest, below) for below in self._below(offsets, highest)]
            moves.append([highest, *(i for i in order if i != highest)])
            fresh = next((move for move in moves if tuple(move) not in seen), None)
            if fresh is None:
                break
            order = fresh
            seen.add(tuple(order))
            offsets = self.in_order(order)
            if self.arena(offsets) < self.arena(best):
                best = offsets
        return best

    def search(self, limit: int, bound: int) -> list[int] | None:
        """Depth-first over placements at each candidate offset, pruned at the best arena so far; stops at the bound."""
        buffers = self.buffers
        order = sorted(range(len(buffers)), key=lambda i: (-buffers[i].nbytes, buffers[i].first))
        offsets: list[int | None] = [None] * len(buffers)
        best: list[int] | None = None
        best_arena, steps = limit, 0

        def descend(depth: int, arena: int) -> None:
            nonlocal best, best_arena, steps
            steps += 1
            if arena >= best_arena or steps > SEARCH_STEPS:
                return
            if depth == len(order):
                best, best_arena = [offset or 0 for offset in offsets], arena
                return
            i = order[depth]
            for start in self._candidates(offsets, i):
                offsets[i] = start
                descend(depth + 1, max(arena, start + buffers[i].nbytes))
                if best_arena <= bound:
                    return
            offsets[i] = None

        descend(0, 0)
        return best

    def _best_gap(self, offsets: Sequence[int | None], i: int) -> int:
        cursor, best, align = 0, None, self.buffers[i].align
        for low, high in sorted(self._forbidden(offsets, i)):
            start = _aligned(cursor, align)
            if low >= start and (best is None or low - start < best[0]):
                best = (low - start, start)
            cursor = max(cursor, high)
        return best[1] if best is not None else _aligned(cursor, align)

    def _candidates(self, offsets: Sequence[int | None], i: int) -> list[int]:
        """Offsets worth trying: the floor, and the top of each buffer that lives at the same time, where it fits."""
        taken = list(self._forbidden(offsets, i))
        starts = sorted({_aligned(start, self.buffers[i].align) for start in (0, *(high for _, high in taken))})
        return [s for s in starts if all(s <= low or s >= high for low, high in taken)]

    def _forbidden(self, offsets: Sequence[int | None], i: int) -> Iterator[tuple[int, int]]:
        """Open intervals of offsets at which buffer i would overlap one that is placed."""
        for j, below, above in self.clashes[i]:
            offset = offsets[j]
            if offset is not None:
                yield offset - below, offset + above

    def _below(self, offsets: Sequence[int], i: int) -> list[int]:
        """The buffers on which buffer i lies, widest first."""
        found = [(-above, j) for j, _, above in self.clashes[i] if offsets[j] + above <= offsets[i]]
        return [j for _, j in sorted(found)]

    @staticmethod
    def _in_front(order: Sequence[int], i: int, other: int) -> list[int]:
        rest = [k for k in order if k != i]
        at = rest.index(other)
        return [*rest[:at], i, *rest[at:]]


def _overlaps(a: Buffer, b: Buffer) -> Iterator[tuple[int, int]]:
    """Bytes of a and of b where they live at the same step."""
    for mine in a.shape:
        for other in b.shape:
            if mine.first <= other.last and other.first <= mine.last:
                yield mine.nbytes, other.nbytes


def _aligned(offset: int, align: int) -> int:
    return -(-offset // align) * align
