"""Kernels that were chosen before: tiles of one layer that have the same shape get the same kernel, worked out once.

Laying out weights takes most of the time of a compilation, and a network that runs patch by patch has each of its first
layers many times.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from lilliput.compiler.graph import Graph, Node, Value
from lilliput.compiler.op import Kernel, Target
from lilliput.compiler.ops import ops


class KnownKernels:
    """Node → kernel, for one target. Two nodes are equal when all that a kernel may depend on is equal: operator,
    attributes, shapes, types and scales of the values, and the very same constants."""

    def __init__(self) -> None:
        self._found: dict[Hashable, tuple[Kernel | None, tuple[str, ...], tuple[Value, ...]]] = {}

    def choose(self, graph: Graph, node: Node, target: Target) -> Kernel | None:
        """The node's kernel; None where it needs no code.

        Raises:
            UnsupportedError: LP3xx, the node has no kernel, or an integer could overflow.
        """
        values = (*graph.ins(node), graph.values[node.output])
        key = _key(node, values, target)
        names = (*node.inputs, node.output)
        if key not in self._found:
            kernel = ops[node.op].choose(node, values[:-1], values[-1], target)
            # The values stay alive with the entry, so that no other constant can take over an address in its key.
            self._found[key] = (kernel, names, values)
        kernel, before, _ = self._found[key]
        if kernel is None or before == names:
            return kernel
        renamed = dict(zip(before, names, strict=True))
        return replace(kernel, operands=tuple(renamed[name] for name in kernel.operands))


def _key(node: Node, values: tuple[Value, ...], target: Target) -> Hashable:
    names = [*node.inputs, node.output]
    attrs = tuple(sorted((name, repr(value)) for name, value in node.attrs.items() if name != "tile_of"))
    return (node.op, attrs, target, tuple(names.index(name) for name in names), *(_form(value) for value in values))


def _form(value: Value) -> Hashable:
    data, state = (None if array is None else id(array) for array in (value.data, value.state))
    return value.shape, value.dtype, value.quant, value.bits, value.steps, data, state
