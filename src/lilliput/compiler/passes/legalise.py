"""Rewrite what no kernel takes as it is into what some kernel takes; nothing changes in what the graph gives.

operands of a pair that stretch in turns over many axes       stretched by a copy of their own
operands of a choice that stretch                             likewise; constants at once
parts of a concatenation, or outputs, that are constants      copied to working memory
a concatenation of more parts than a kernel takes             one of concatenations
a reduction over axes in more than two groups                 the axes are moved together first
a fully connected layer over several rows                     a convolution of 1×1 over as many pixels
a convolution, pool or resize of several images               one for each, joined
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lilliput.compiler.graph import Graph, Node, Value
from lilliput.compiler.ops import ops
from lilliput.compiler.ops._broadcast import MOST_LOOPS, loops_of
from lilliput.compiler.ops._reduce import Loops, groups_of
from lilliput.compiler.ops.masked_softmax import in_turn
from lilliput.compiler.ops.slice import slice_attrs

MOST_PARTS = 8
"""Of the concatenation kernels."""


def legalise(graph: Graph) -> Graph:
    """The same graph, for the kernels."""
    writer = _Writer(graph)
    for node in graph.nodes:
        rule = _RULES.get(node.op)
        if rule is None and ops[node.op].arity == (2, 2) and ops[node.op].elementwise:
            rule = _pair
        writer.nodes.append(node if rule is None else rule(writer, node))
    return graph.replace(nodes=writer.nodes, values=writer.values, outputs=graph.outputs)


class _Writer:
    """The new nodes and values."""

    def __init__(self, graph: Graph) -> None:
        self.values = dict(graph.values)
        self.nodes: list[Node] = []
        for name in graph.outputs:
            value = graph.values[name]
            if value.is_constant:
                self.values[name] = replace(value, data=None)
                self._copied(replace(value, name=self._new(f"{name} data")), name)

    def value(self, name: str) -> Value:
        return self.values[name]

    def node(self, op: str, inputs: Sequence[str], like: Value, source: str, **attrs: Any) -> str:
        """Add a node in front; its output has the quantisation of `like`."""
        name = self._new(f"{inputs[0]} {op}")
        draft = Node(op, name, tuple(inputs), (name,), attrs, source)
        shape, dtype = ops[op].infer(draft, [self.values[i] for i in inputs])
        self.values[name] = Value(name, shape, dtype, like.quant)
        self.nodes.append(draft)
        return name

    def stretched(self, name: str, shape: tuple[int, ...], source: str) -> str:
        """An operand with all of `shape`."""
        value = self.values[name]
        if value.shape == shape:
            return name
        if value.data is None:
            return self.node("broadcast_to", [name], value, source, shape=shape)
        made = self._new(f"{name} broadcast_to")
        data = np.ascontiguousarray(np.broadcast_to(value.data, shape))
        self.values[made] = replace(value, name=made, shape=shape, data=data)
        return made

    def constant(self, wanted: str, value: Value) -> str:
        """A constant under another shape."""
        name = self._new(wanted)
        data = None if value.data is None else value.data.reshape(value.shape)
        self.values[name] = replace(value, name=name, data=data)
        return name

    def in_memory(self, name: str) -> str:
        """An operand that is no constant."""
        value = self.values[name]
        return self._copied(value, self._new(f"{name} copy")) if value.is_constant else name

    def _copied(self, constant: Value, name: str) -> str:
        self.values[constant.name] = constant
        self.values[name] = replace(constant, name=name, data=None)
        self.nodes.append(Node("constant", self._new(f"{name} load"), (constant.name,), (name,)))
        return name

    def _new(self, wanted: str) -> str:
        taken, name, count = {*self.values, *(node.name for node in self.nodes)}, wanted, 1
        while name in taken:
            count += 1
            name = f"{wanted} {count}"
        return name


def _pair(writer: _Writer, node: Node) -> Node:
    a, b = (writer.value(name) for name in node.inputs)
    y = writer.value(node.output)
    if len(loops_of(a, b, y)) <= MOST_LOOPS:
        return node
    first = writer.stretched(a.name, y.shape, node.source)
    if len(loops_of(writer.value(first), b, y)) <= MOST_LOOPS:
        return replace(node, inputs=(first, b.name))
    return replace(node, inputs=(first, writer.stretched(b.name, y.shape, node.source)))


def _select(writer: _Writer, node: Node) -> Node:
    shape = writer.value(node.output).shape
    condition, *others = (writer.stretched(name, shape, node.source) for name in node.inputs)
    return replace(node, inputs=(writer.in_memory(condition), *others))


def _masked_softmax(writer: _Writer, node: Node) -> Node:
    """Rows of truth values that serve in turn stay as few; others get as many as x has."""
    x, present = (writer.value(name) for name in node.inputs)
    shape = present.shape if in_turn(x.shape, present.shape) else x.shape
    return replace(node, inputs=(x.name, writer.in_memory(writer.stretched(present.name, shape, node.source))))


def _concat(writer: _Writer, node: Node) -> Node:
    parts = [writer.in_memory(name) for name in node.inputs]
    y = writer.value(node.output)
    while len(parts) > MOST_PARTS:
        groups = [parts[i : i + MOST_PARTS] for i in range(0, len(parts), MOST_PARTS)]
        parts = [writer.node("concat", group, y, node.source, axis=node.attrs["axis"]) for group in groups]
    return replace(node, inputs=tuple(parts))


def _reduction(writer: _Writer, node: Node) -> Node:
    x = writer.value(node.inputs[0])
    axes = tuple(node.attrs["axes"])
    if len(groups_of(x.shape, axes)) <= len(Loops._fields):
        return node
    kept = [axis for axis in range(len(x.shape)) if axis not in axes]
    moved = writer.node("transpose", [x.name], x, node.source, perm=(*kept, *axes))
    # The axes of length 1 that `keepdims` leaves lie elsewhere then, but no byte does.
    y = writer.value(node.output)
    last = tuple(range(len(kept), len(x.shape)))
    made = writer.node(node.op, [moved], y, node.source, **{**node.attrs, "axes": last, "keepdims": False})
    return Node("reshape", node.name, (made,), node.outputs, {"shape": y.shape}, node.source)


def _rows(writer: _Writer, node: Node) -> Node:
    """A fully connected layer over several rows as a convolution of 1×1 over as many pixels."""
    x, w, *more = (writer.value(name) for name in node.inputs)
    if x.shape[0] == 1 or w.data is None:
        return node
    y = writer.value(node.output)
    image = writer.node("reshape", [x.name], x, node.source, shape=(1, 1, *x.shape))
    window = writer.constant(f"{w.name} window", replace(w, shape=(w.shape[0], 1, 1, w.shape[1])))
    attrs = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), **node.attrs}
    made = writer.node("conv2d", [image, window, *(v.name for v in more)], y, node.source, **attrs)
    return Node("reshape", node.name, (made,), node.outputs, {"shape": y.shape}, node.source)


def _one_by_one(writer: _Writer, node: Node) -> Node:
    """An operator on images, for each of several."""
    x, y = writer.value(node.inputs[0]), writer.value(node.output)
    if x.shape[0] == 1:
        return node
    parts = []
    for i in range(x.shape[0]):
        attrs = slice_attrs(x.shape, (i, 0, 0, 0), (i + 1, *x.shape[1:]))
        part = writer.node("slice", [x.name], x, node.source, **attrs)
        parts.append(writer.node(node.op, [part, *node.inputs[1:]], y, node.source, **node.attrs))
    joined = Node("concat", node.name, tuple(parts), node.outputs, {"axis": 0}, node.source)
    return _concat(writer, joined)


_IMAGES = ("conv2d", "depthwise_conv2d", "transpose_conv2d", "avg_pool2d", "max_pool2d", "resize")
_RULES: dict[str, Callable[[_Writer, Node], Node]] = {
    "select": _select, "masked_softmax": _masked_softmax, "concat": _concat, "mean": _reduction, "sum": _reduction,
    "reduce_max": _reduction, "reduce_min": _reduction, "fully_connected": _rows, **dict.fromkeys(_IMAGES, _one_by_one),
}  # fmt: skip
