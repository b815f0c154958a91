"""Which leading part of a network can run patch by patch.

A stage begins at a value that all of the network passes through (its source: the image, or what the image is reshaped
to) and ends at another (its split). In between, each output depends on a window of its inputs only. A layer that looks
at the whole map ends what can be a stage: a global pool, a mean over height and width, squeeze and excitation,
attention, a flattening.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from lilliput.compiler.graph import Graph, Node
from lilliput.compiler.patch.reach import Needs, Span, needs, slides_of
from lilliput.core.errors import BadSetting, UnsupportedOp


@dataclass(frozen=True, eq=False)
class Stage:
    """A part of a graph that can run patch by patch.

    Args:
        graph: the whole network.
        source: the value it begins with, of four axes.
        split: the value it ends with; nothing behind it reads anything else of the stage.
        nodes: in execution order.
    """

    graph: Graph
    source: str
    split: str
    nodes: tuple[Node, ...]
    _strips: dict[tuple[int, int, bool], tuple[Needs, ...]] = field(default_factory=dict, repr=False)

    def strips(self, axis: int, parts: int, *, clip: bool = True) -> tuple[Needs, ...]:
        """What each of `parts` strips of the split needs along an axis (0: rows, 1: columns), see `needs`.

        All strips but the last are equally long; where the size does not divide there may be fewer than `parts`.
        """
        key = (axis, parts, clip)
        if key not in self._strips:
            size = self.size[axis]
            length = -(-size // parts)
            spans = [Span(start, min(start + length, size) - 1) for start in range(0, size, length)]
            self._strips[key] = tuple(
                needs(self.graph, self.nodes, axis, self.split, span, clip=clip) for span in spans
            )
        return self._strips[key]

    @property
    def last(self) -> Node:
        """The node that makes the split."""
        return self.graph.producers[self.split]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the split."""
        _, height, width, _ = self.graph.values[self.split].shape
        return height, width

    @cached_property
    def rest(self) -> tuple[Node, ...]:
        """The nodes that are not in the stage."""
        inside = {node.name for node in self.nodes}
        return tuple(node for node in self.graph.nodes if node.name not in inside)


@dataclass(frozen=True, eq=False)
class Stages:
    """All stages of a graph, and what ends them.

    Args:
        found: shortest first; all have the same source.
        barrier: the first node behind the source that looks at more than a window; None where there is none.
    """

    found: tuple[Stage, ...]
    barrier: Node | None


def find_stages(graph: Graph) -> Stages:
    """The stages that begin at the first value from which on a layer slides over the map.

    A value is passed by all of the network when nothing else that was computed before is read after it; the network's
    inputs do not count, they are there all the time.
    """
    barrier: Node | None = None
    for source, start in _sources(graph):
        stages, stop = _stages_from(graph, source, start)
        if stages:
            return Stages(tuple(stages), stop)
        barrier = barrier or stop
    return Stages((), barrier)


def stage_until(graph: Graph, name: str) -> Stage:
    """The stage that ends with the node called `name`.

    Raises:
        BadSetting: LP101, there is no such node, or values beside its output are still needed behind it.
        UnsupportedOp: LP301, the stage would cross a node that looks at the whole map; that node and the last split
            before it are named.
    """
    stages, order = find_stages(graph), {node.name: index for index, node in enumerate(graph.nodes)}
    if name not in order:
        near = [node for node in order if name and (name in node or node in name)][:3] or list(order)[-3:]
        raise BadSetting(f"no layer is called {name!r}", fix=f"one of {', '.join(near)}")
    for stage in stages.found:
        if stage.last.name == name:
            return stage
    last = stages.found[-1].last.name if stages.found else ""
    fix = f'`--patch-until "{last}"` is the last that can be' if last else "compile without --patch"
    barrier = stages.barrier
    if barrier is not None and order[name] >= order[barrier.name]:
        raise UnsupportedOp(
            f'patches up to "{name}" would cross {barrier.op} at "{barrier.name}"',
            why="it looks at the whole map, of which a patch has only a part",
            fix=fix,
        )
    before = [stage.last.name for stage in stages.found if order[stage.last.name] < order[name]]
    after = [stage.last.name for stage in stages.found if order[stage.last.name] > order[name]]
    raise BadSetting(
        f'patches cannot end at "{name}"',
        why="other values from before it are still read behind it",
        fix=" or ".join(f'`--patch-until "{near}"`' for near in (*before[-1:], *after[:1])) or fix,
    )


def _sources(graph: Graph) -> Iterator[tuple[str, int]]:
    """(value, index of the first node behind it): the inputs, then each value that all of the network goes through."""
    for name in graph.inputs:
        if len(graph.values[name].shape) == 4:
            yield name, 0
    for index, name in _cuts(graph):
        if len(graph.values[name].shape) == 4:
            yield name, index + 1


def _cuts(graph: Graph) -> Iterator[tuple[int, str]]:
    """(index of the node that makes it, value) for the values that all of the network passes through."""
    last = {name: index for index, node in enumerate(graph.nodes) for name in node.inputs}
    last |= dict.fromkeys(graph.outputs, len(graph.nodes))
    live: set[str] = set()
    for index, node in enumerate(graph.nodes):
        live.add(node.output)
        live = {name for name in live if last.get(name, index) > index}
        if live == {node.output}:
            yield index, node.output


def _stages_from(graph: Graph, source: str, start: int) -> tuple[list[Stage], Node | None]:
    cuts, known, slides = dict(_cuts(graph)), {source}, False
    found: list[Stage] = []
    for index, node in enumerate(graph.nodes[start:], start):
        moves = slides_of(graph, node)
        active = [value.name for value in graph.ins(node) if not value.is_constant]
        if moves is None or not known.issuperset(active):
            return found, node
        known.add(node.output)
        slides = slides or any(slide.reach > 1 or slide.stride > 1 for slide in moves)
        if index in cuts and slides:
            found.append(Stage(graph, source, node.output, graph.nodes[start : index + 1]))
    return found, None
