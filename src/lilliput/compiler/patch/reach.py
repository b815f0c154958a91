"""What a layer looks at: the rows and columns of its input that some rows and columns of its output need.

For output rows [a, b] of a layer with a kernel that spans `reach` rows, stride s and `before` rows of padding:

    input rows [a · s - before, b · s - before + reach - 1], clipped to the map

What is clipped away is padding of the tile; a border inside the map has none, because the rows behind it are real.

Source: MCUNetV2 (arXiv:2110.15352), section 3.1; the rule for each axis by itself, any padding and any size is ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lilliput.compiler.graph import Graph, Node, Value
from lilliput.compiler.ops import ops

_WEIGHTED = {"conv2d": (1, 2), "depthwise_conv2d": (1, 2)}
"""Operators with weights that slide over the map → the weights' axes of kernel height and width."""
_POOLS = ("avg_pool2d", "max_pool2d")


class Span(NamedTuple):
    """Rows (or columns) `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many."""
        return self.last - self.first + 1

    def hull(self, other: Span) -> Span:
        """The shortest span that holds both."""
        return Span(min(self.first, other.first), max(self.last, other.last))

    def clipped(self, size: int) -> Span:
        """The part inside a map of `size` rows."""
        return Span(max(self.first, 0), min(self.last, size - 1))


class Slide(NamedTuple):
    """How an operator moves over its input along one axis."""

    reach: int = 1
    stride: int = 1
    before: int = 0
    after: int = 0

    def back(self, y: Span) -> Span:
        """The input that the outputs `y` look at, padding included."""
        return Span(y.first * self.stride - self.before, y.last * self.stride - self.before + self.reach - 1)


def slides_of(graph: Graph, node: Node) -> tuple[Slide, Slide] | None:
    """How a node moves along height and width; None where an output can depend on more than a window of the input."""
    y = graph.values[node.output]
    active = [value for value in graph.ins(node) if not value.is_constant]
    if not active or any(value.is_state or value.shape[:1] != (1,) or len(value.shape) != 4 for value in (*active, y)):
        return None
    if node.op in _WEIGHTED or node.op in _POOLS:
        return _window(graph, node)
    if node.op == "pad":
        return _pad(node)
    same_map = all(value.shape[1:3] == y.shape[1:3] for value in active)
    if not same_map or not (_is_pointwise(graph, node) or (node.op == "concat" and node.attrs["axis"] == 3)):
        return None
    return Slide(), Slide()


@dataclass(frozen=True)
class Needs:
    """What one strip of a stage's output needs, along one axis.

    Args:
        made: value name → the rows of it that are computed (or taken from the stage's source).
        read: (node name, position among its inputs) → the rows that the node takes of that input.
        pads: node name → rows of padding before and after what it takes.
    """

    made: Mapping[str, Span]
    read: Mapping[tuple[str, int], Span]
    pads: Mapping[str, tuple[int, int]]


def needs(graph: Graph, nodes: Sequence[Node], axis: int, goal: str, rows: Span, *, clip: bool = True) -> Needs:
    """Walk backwards from some rows of `goal`.

    Args:
        graph: holds the nodes.
        nodes: in execution order; each has slides, and all lead to `goal`.
        axis: 0 for rows, 1 for columns.
        goal: the last node's output.
        rows: what is wanted of it.
        clip: leave out what lies outside of the maps; False counts tiles as if each lay in the middle of a larger map.
    """
    made: dict[str, Span] = {goal: rows}
    read: dict[tuple[str, int], Span] = {}
    pads: dict[str, tuple[int, int]] = {}
    for node in reversed(nodes):
        slides = slides_of(graph, node)
        if slides is None:
            raise ValueError(f'{node.op} at "{node.name}" needs more than a window of its input')
        slide = slides[axis]
        for position, name in enumerate(node.inputs):
            value = graph.values[name]
            if value.is_constant:
                continue
            size = value.shape[1 + axis]
            if node.op == "pad" and clip:
                made[node.output] = _with_real_rows(made[node.output], slide, size)
            whole = slide.back(made[node.output])
            inside = whole.clipped(size) if clip else whole
            read[node.name, position] = inside
            pads[node.name] = (inside.first - whole.first, whole.last - inside.last)
            made[name] = made[name].hull(inside) if name in made else inside
    return Needs(made, read, pads)


def _with_real_rows(y: Span, slide: Slide, size: int) -> Span:
    """A pad's output enlarged so that not all of it is border: a tile of a map has a row of it at least."""
    nearest = min(max(y.first, slide.before), slide.before + size - 1)
    return y if y.first <= nearest <= y.last else y.hull(Span(nearest, nearest))


def _window(graph: Graph, node: Node) -> tuple[Slide, Slide] | None:
    if node.op in _POOLS:
        kernel, dilation = node.attrs["window"], (1, 1)
    else:
        shape = graph.values[node.inputs[1]].shape
        kernel, dilation = tuple(shape[axis] for axis in _WEIGHTED[node.op]), node.attrs["dilation"]
    slides = [
        Slide((k - 1) * d + 1, s, before, after)
        for k, d, s, (before, after) in zip(kernel, dilation, node.attrs["stride"], node.attrs["padding"], strict=True)
    ]
    # Beyond that an output could lie wholly in the padding, and its tile would have no row of the map.
    if any(slide.before >= slide.reach or slide.after >= slide.reach for slide in slides):
        return None
    return slides[0], slides[1]


def _pad(node: Node) -> tuple[Slide, Slide] | None:
    batch, height, width, channels = node.attrs["padding"]
    if tuple(batch) != (0, 0) or tuple(channels) != (0, 0):
        return None
    return Slide(1, 1, *height), Slide(1, 1, *width)


def _is_pointwise(graph: Graph, node: Node) -> bool:
    """Element by element, and the constants are the same for all pixels."""
    return ops[node.op].elementwise and not any(_has_pixels(v) for v in graph.ins(node) if v.is_constant)


def _has_pixels(constant: Value) -> bool:
    return any(axis > 1 for axis in constant.shape[-3:-1])
