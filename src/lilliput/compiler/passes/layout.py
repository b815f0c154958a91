"""Remove the transposes that a channels-first frontend leaves around each layer.

Inputs of four axes become channels last first, with a transpose behind them; those that the network itself takes
channels last and transposes are left. Then local rules are applied until none fits:

    transpose(transpose(x))                          one transpose, or none
    transpose that moves axes of size one only       a reshape
    reshape(reshape(x))                              one reshape, or none
    f(transpose(x)), f element by element            transpose(f(x)); also concat, pad, slice, mean, …, their axes moved
    fully_connected(reshape(transpose(x)))           the weights' columns are permuted instead
    reshape(transpose(x)), where the reshape joins   transpose(reshape(x))
      or splits axes that lie side by side in x
    batch_matmul(transpose(x)), where the last axis  the product turns the operand itself, so that the last axis stays
      of x becomes the last but one
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lilliput.compiler.graph import Graph, Node, Value
from lilliput.compiler.ops import ops
from lilliput.compiler.passes.dead_code import remove_dead_code

_TO_FIRST = (0, 3, 1, 2)
_REDUCTIONS = ("mean", "sum", "reduce_max", "reduce_min")
_MOVES_AXES = ("concat", "pad", "slice", *_REDUCTIONS)


def to_channels_last(graph: Graph) -> Graph:
    """The same graph, channels last throughout; (N, C, H, W) inputs become (N, H, W, C)."""
    return merge_transposes(_inputs_channels_last(graph))


def merge_transposes(graph: Graph) -> Graph:
    """The same graph with as few transposes and reshapes as the rules leave; inputs stay as they are."""
    changed = True
    while changed:
        graph, changed = _one_round(graph)
    return graph


def _one_round(graph: Graph) -> tuple[Graph, bool]:
    for rule in (_merge_shape_nodes, _sink, _into_weights, _past_reshape, _into_product, _as_reshape):
        new = rule(graph)
        if new is not None:
            return remove_dead_code(new), True
    return graph, False


def _merge_shape_nodes(graph: Graph) -> Graph | None:
    for node in graph.nodes:
        if node.op not in ("transpose", "reshape"):
            continue
        source, value = graph.values[node.inputs[0]], graph.values[node.output]
        before = graph.producers.get(source.name)
        if source.shape == value.shape and (node.op == "reshape" or _is_identity(node.attrs["perm"])):
            return _bypass(graph, node)
        if before is not None and before.op == node.op and source.name not in graph.outputs:
            if node.op == "transpose":
                perm = tuple(before.attrs["perm"][axis] for axis in node.attrs["perm"])
                return _swap(graph, node, replace(node, inputs=before.inputs, attrs={"perm": perm}))
            return _swap(graph, node, replace(node, inputs=before.inputs))
    return None


def _as_reshape(graph: Graph) -> Graph | None:
    """Last of all: until nothing else fits, a transpose can still meet its opposite, a reshape cannot."""
    for node in graph.nodes:
        if node.op == "transpose" and _moves_nothing(node.attrs["perm"], graph.values[node.inputs[0]].shape):
            shape = graph.values[node.output].shape
            return _swap(graph, node, replace(node, op="reshape", attrs={"shape": shape}))
    return None


def _sink(graph: Graph) -> Graph | None:
    """Move a transpose from in front of a node to behind it."""
    for node in graph.nodes:
        op = ops[node.op]
        if not (op.elementwise or node.op in _MOVES_AXES or node.op == "leaky"):
            continue
        active = [name for name in node.inputs if not graph.values[name].is_constant]
        found = [graph.producers.get(name) for name in active]
        perms = {f.attrs["perm"] for f in found if f is not None and f.op == "transpose"}
        if not active or len(perms) != 1 or any(f is None or f.op != "transpose" for f in found):
            continue
        perm = tuple(perms.pop())
        if node.op == "leaky" and perm[0] != 0:  # its leading axis is time
            continue
        moved = _moved(graph, node, perm)
        if moved is not None:
            return moved
    return None


@dataclass(frozen=True)
class _Axes:
    """A transpose by `perm`: axis i of the transposed value is axis perm[i] of the plain one."""

    perm: tuple[int, ...]

    @property
    def inverse(self) -> tuple[int, ...]:
        return tuple(int(axis) for axis in np.argsort(self.perm))

    def plain(self, per_axis: Sequence[Any]) -> tuple[Any, ...]:
        """What is listed by transposed axis, listed by plain axis."""
        return tuple(per_axis[self.inverse[axis]] for axis in range(len(self.perm)))


def _moved(graph: Graph, node: Node, perm: tuple[int, ...]) -> Graph | None:
    axes, values = _Axes(perm), dict(graph.values)
    inputs = []
    for name in node.inputs:
        value = values[name]
        if value.data is None:
            inputs.append(graph.producers[name].inputs[0])
        elif value.data.ndim == len(perm):
            plain = f"{name}.last"
            data = np.ascontiguousarray(value.data.transpose(axes.inverse))
            values[plain] = Value(plain, data.shape, value.dtype, value.quant, data)
            inputs.append(plain)
        elif value.data.size == 1:
            inputs.append(name)
        elif node.op == "leaky" and value.data.ndim == len(perm) - 1:  # one time step's
            inputs.append(f"{name}.last")
            data = np.ascontiguousarray(value.data[None].transpose(axes.inverse)[0])
            values[inputs[-1]] = Value(inputs[-1], data.shape, value.dtype, value.quant, data)
        else:
            return None
    attrs, behind = _moved_attrs(node, axes)
    inner_name = f"{node.output}.last"
    while inner_name in values:
        inner_name += "_"
    inner = Node(node.op, inner_name, tuple(inputs), (inner_name,), attrs, node.source)
    shape, dtype = ops[node.op].infer(inner, [values[name] for name in inputs])
    values[inner_name] = Value(inner_name, shape, dtype, values[node.output].quant)
    after = Node("transpose", f"{inner_name}.layout", (inner_name,), node.outputs, {"perm": behind}, node.source)
    inner = replace(inner, name=node.name)
    nodes = [new for old in graph.nodes for new in ([inner, after] if old is node else [old])]
    return graph.replace(nodes=nodes, values=values)


def _moved_attrs(node: Node, axes: _Axes) -> tuple[dict[str, Any], tuple[int, ...]]:
    """The node's attributes in plain axes, and the perm of the transpose behind it."""
    attrs, perm = dict(node.attrs), axes.perm
    if node.op == "concat":
        attrs["axis"] = perm[attrs["axis"]]
    elif node.op == "pad":
        attrs["padding"] = axes.plain(attrs["padding"])
    elif node.op == "slice":
        attrs |= {key: axes.plain(attrs[key]) for key in ("begin", "end", "strides")}
    elif node.op in _REDUCTIONS:
        gone = {perm[axis] for axis in attrs["axes"]}
        attrs["axes"] = tuple(sorted(gone))
        if not attrs["keepdims"]:
            left = [axis for axis in range(len(perm)) if axis not in gone]
            return attrs, tuple(left.index(axis) for axis in perm if axis not in gone)
    return attrs, perm


def _into_weights(graph: Graph) -> Graph | None:
    for node in graph.nodes:
        flat = graph.producers.get(node.inputs[0]) if node.op == "fully_connected" else None
        moved = graph.producers.get(flat.inputs[0]) if flat is not None and flat.op == "reshape" else None
        if flat is None or moved is None or moved.op != "transpose" or moved.attrs["perm"][0] != 0:
            continue
        weight, seen = graph.values[node.inputs[1]], graph.values[moved.output].shape
        if weight.data is None or graph.values[flat.output].shape != (seen[0], int(np.prod(seen[1:]))):
            continue
        inverse = _Axes(moved.attrs["perm"]).inverse
        columns = weight.data.reshape(-1, *seen[1:]).transpose(inverse).reshape(weight.shape)
        name = f"{weight.name}.last"
        values = {**graph.values, name: replace(weight, name=name, data=np.ascontiguousarray(columns))}
        plain = replace(flat, inputs=moved.inputs, name=f"{flat.name}.last", outputs=(f"{flat.output}.last",))
        values[plain.output] = replace(values[flat.output], name=plain.output)
        new = replace(node, inputs=(plain.output, name, *node.inputs[2:]))
        nodes = [n for old in graph.nodes for n in ([plain, new] if old is node else [old])]
        return graph.replace(nodes=nodes, values=values)
    return None


def _past_reshape(graph: Graph) -> Graph | None:
    for node in graph.nodes:
        before = graph.producers.get(node.inputs[0]) if node.op == "reshape" else None
        if before is None or before.op != "transpose" or before.output in graph.outputs:
            continue
        if len(graph.readers[before.output]) > 1:
            continue
        source, perm = graph.values[before.inputs[0]], before.attrs["perm"]
        found = _turned(source.shape, perm, graph.values[node.output].shape)
        if found is None:
            continue
        shape, behind = found
        plain = f"{node.output}.plain"
        while plain in graph.values:
            plain += "_"
        values = {**graph.values, plain: replace(source, name=plain, shape=shape)}
        joined = Node("reshape", plain, before.inputs, (plain,), {"shape": shape}, node.source)
        after = replace(node, op="transpose", inputs=(plain,), attrs={"perm": behind})
        nodes = [new for old in graph.nodes for new in ([joined, after] if old is node else [old])]
        return graph.replace(nodes=nodes, values=values)
    return None


def _turned(
    source: Sequence[int], perm: Sequence[int], wanted: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The shape and perm with which transpose(reshape(x)) is reshape(transpose(x)), x of shape `source`; None where the
    reshape joins axes that do not follow each other in x. Axes of length 1 stay behind the axis that they follow in
    `wanted`, so that a leading one leads in both."""
    groups = _matching_axes([(axis, source[axis]) for axis in perm], list(enumerate(wanted)))
    groups.sort()
    order = [axis for old, _ in groups for axis in old]
    if order != sorted(order):
        return None
    axes = [axis for _, new in groups for axis in new]
    for axis, length in enumerate(wanted):
        if length == 1:
            axes.insert(axes.index(axis - 1) + 1 if axis else 0, axis)
    return tuple(wanted[axis] for axis in axes), tuple(axes.index(axis) for axis in range(len(wanted)))


def _matching_axes(old: Sequence[tuple[int, int]], new: Sequence[tuple[int, int]]) -> list[tuple[list[int], list[int]]]:
    """Runs of (axis, length) of both shapes with as many elements, in order, as axes; without those of length 1."""
    groups: list[tuple[list[int], list[int]]] = []
    sides = [[(axis, length) for axis, length in side if length > 1] for side in (old, new)]
    while sides[0]:
        taken: tuple[list[int], list[int]] = ([], [])
        sizes = [1, 1]
        while not taken[0] or sizes[0] != sizes[1]:
            side = int(sizes[0] > sizes[1])
            axis, length = sides[side].pop(0)
            taken[side].append(axis)
            sizes[side] *= length
        groups.append(taken)
    return groups


def _into_product(graph: Graph) -> Graph | None:
    for node in graph.nodes:
        for place, name in enumerate(node.inputs if node.op == "batch_matmul" else ()):
            before = graph.producers.get(name)
            if before is None or before.op != "transpose" or before.attrs["perm"][-2] != len(before.attrs["perm"]) - 1:
                continue
            source, perm = graph.values[before.inputs[0]], before.attrs["perm"]
            if len(perm) < 3:  # the batch alone leads
                continue
            turned = (*perm[:-2], perm[-1], perm[-2])
            made, key = f"{name}.turned", f"transpose_{'ab'[place]}"
            while made in graph.values:
                made += "_"
            shape = tuple(source.shape[axis] for axis in turned)
            values = {**graph.values, made: replace(source, name=made, shape=shape)}
            inputs = tuple(made if i == place else other for i, other in enumerate(node.inputs))
            after = replace(node, inputs=inputs, attrs={**node.attrs, key: not node.attrs.get(key, False)})
            moved = replace(before, name=made, outputs=(made,), attrs={"perm": turned})
            nodes = [new for old in graph.nodes for new in ([moved, after] if old is node else [old])]
            return graph.replace(nodes=nodes, values=values)
    return None


def channels_first_inputs(graph: Graph) -> tuple[str, ...]:
    """The inputs that `to_channels_last` turns: of four axes, but for those that the network itself turns."""
    return tuple(name for name in graph.inputs if len(graph.values[name].shape) == 4 and not _is_turned(graph, name))


def _is_turned(graph: Graph, name: str) -> bool:
    readers = graph.readers[name]
    turned = all(node.op == "transpose" and tuple(node.attrs["perm"]) == _TO_FIRST for node in readers)
    return bool(readers) and turned


def _inputs_channels_last(graph: Graph) -> Graph:
    values, nodes, moved = dict(graph.values), list[Node](), dict[str, str]()
    for name in channels_first_inputs(graph):
        value = graph.values[name]
        n, c, h, w = value.shape
        first = f"{name}.first"
        values[name], values[first] = replace(value, shape=(n, h, w, c)), replace(value, name=first)
        nodes.append(Node("transpose", first, (name,), (first,), {"perm": _TO_FIRST}))
        moved[name] = first
    nodes += [replace(node, inputs=tuple(moved.get(i, i) for i in node.inputs)) for node in graph.nodes]
    outputs = [moved.get(name, name) for name in graph.outputs]
    return graph.replace(nodes=nodes, values=values, outputs=outputs)


def _swap(graph: Graph, old: Node, new: Node) -> Graph:
    return graph.replace(nodes=[new if node is old else node for node in graph.nodes])


def _bypass(graph: Graph, gone: Node) -> Graph | None:
    """Let the readers of `gone` read its input."""
    if gone.output in graph.outputs:
        if (
            gone.inputs[0] in graph.inputs
            or gone.inputs[0] in graph.outputs
            or graph.values[gone.inputs[0]].is_constant
        ):
            return None
        producer = graph.producers[gone.inputs[0]]
        renamed = {gone.inputs[0]: gone.output}
        nodes = [
            replace(
                node,
                inputs=tuple(renamed.get(i, i) for i in node.inputs),
                outputs=gone.outputs if node is producer else node.outputs,
            )
            if node is producer or gone.inputs[0] in node.inputs
            else node
            for node in graph.nodes
            if node is not gone
        ]
        return graph.replace(nodes=nodes)
    nodes = [
        replace(node, inputs=tuple(gone.inputs[0] if i == gone.output else i for i in node.inputs))
        if gone.output in node.inputs
        else node
        for node in graph.nodes
        if node is not gone
    ]
    return graph.replace(nodes=nodes)


def _is_identity(perm: Sequence[int]) -> bool:
    return list(perm) == list(range(len(perm)))


def _moves_nothing(perm: Sequence[int], shape: Sequence[int]) -> bool:
    """True when the axes that are longer than one keep their order: the bytes stay where they are."""
    long_axes = [axis for axis in perm if shape[axis] > 1]
    return long_axes == sorted(long_axes) and not _is_identity(perm)
