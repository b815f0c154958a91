"""From ranges to the quantisation of activations: asymmetric int8 or symmetric int16, one scale for the whole tensor.

    real = scale · (integer - zero point)
    int8    scale = (high - low) / 255,   zero point = round(-128 - low / scale)
    int16   scale = max(-low, high) / 32767,   zero point = 0

Some activations have no choice of their own:

    fixed   inputs whose integers the task's preprocessing makes; softmax and sigmoid, 1/256 and -128; tanh, 1/128 and
            0; on int16 all three 2^-15
    moved   operators that move integers or choose among them (pool, reshape, transpose, pad, slice, resize, gather, …)
            give their output the quantisation of their input
    scaled  a product with one number above 0 keeps the integers of its input, and its scale is as much larger
    chosen  maximum, minimum and select have operands and a result of one quantisation; `with_rescales` has put a change
            of scale in front of each operand, which does nothing where the operand may share it
    joined  a concat takes any scales; inputs that nothing else reads, and that are not fixed, get the scale of its
            output, so that it has nothing to convert; on int16 it takes one scale only, and all inputs that can get it
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lilliput.compiler.grammar import check
from lilliput.compiler.graph import DType, Graph, Node, Quant, Value
from lilliput.compress.quantise.moves import CHOOSING, MOVED, factor_of
from lilliput.compress.quantise.observe import Range
from lilliput.compress.quantise.spikes import spike_quants

FIXED: Mapping[str, Quant] = {
    "softmax": Quant.per_tensor(1 / 256, -128),
    "masked_softmax": Quant.per_tensor(1 / 256, -128),
    "sigmoid": Quant.per_tensor(1 / 256, -128),
    "tanh": Quant.per_tensor(1 / 128, 0),
    "log_softmax": Quant.per_tensor(1 / 16, 127),
    "l2_normalization": Quant.per_tensor(1 / 128, 0),
}
FIXED_S16 = Quant.per_tensor(2.0**-15, 0)
"""Of the same operators on int16."""

_SMALLEST = 2.0**-40  # a range narrower than this is an activation that is always 0


def quant_of_range(given: Range, dtype: DType = "int8") -> Quant:
    """The quantisation that holds `given`, 0 exactly. [0, 0] is treated as [0, 1]."""
    if given.high - given.low < _SMALLEST:
        return quant_of_range(Range(0.0, 1.0), dtype)
    if dtype == "int16":
        return Quant.per_tensor(max(-given.low, given.high) / 32767, 0)
    scale = (given.high - given.low) / 255
    return Quant.per_tensor(scale, min(127, max(-128, round(-128 - given.low / scale))))


def groups_of(graph: Graph, fixed: Collection[str] = (), dtype: DType = "int8") -> tuple[tuple[str, ...], ...]:
    """The activations that share one quantisation, as groups in the order of the graph; most are alone.

    Args:
        graph: legal graph.
        fixed: activations whose quantisation comes from elsewhere; those of `FIXED` are added.
        dtype: of the activations.
    """
    leader = {name: name for name, value in graph.values.items() if is_real(value)}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for node in graph.nodes:
        if node.op in MOVED and node.output in leader and node.inputs[0] in leader:
            leader[find(node.output)] = find(node.inputs[0])
        for name in node.inputs if node.op in CHOOSING else ():
            if name in leader:
                leader[find(name)] = find(node.output)
    held = {find(name) for name in (*fixed, *fixed_outputs(graph))}
    for node in graph.nodes:
        for name in node.inputs if node.op in ("concat", "requantize") else ():
            must = dtype == "int16" and node.op == "concat"
            alone = name in leader and (must or len(graph.readers[name]) == 1)
            if alone and held.isdisjoint({find(name), find(node.output)}):
                leader[find(node.output)] = find(name)
    groups: dict[str, list[str]] = {}
    for name in (*graph.inputs, *(node.output for node in graph.nodes)):
        if name in leader:
            groups.setdefault(find(name), []).append(name)
    return tuple(tuple(names) for names in groups.values())


def is_real(value: Value) -> bool:
    """True for an activation that is to become integers: neither a truth value nor a number of a place."""
    return not value.is_constant and value.dtype == "float32"


def with_rescales(graph: Graph) -> Graph:
    """The same graph with a change of scale, which is nothing in float, in front of each operand of the operators that
    take one scale only; their constants become their own."""
    values, nodes = dict(graph.values), list[Node]()
    for node in graph.nodes:
        inputs = list(node.inputs)
        for i, name in enumerate(node.inputs if node.op in CHOOSING else ()):
            value = values[name]
            if value.dtype != "float32" or (node.op == "select" and i == 0):
                continue
            inputs[i] = f"{node.output} operand {i}"
            values[inputs[i]] = replace(value, name=inputs[i])
            if not value.is_constant:
                nodes.append(Node("requantize", inputs[i], (name,), (inputs[i],), {}, node.source))
        nodes.append(replace(node, inputs=tuple(inputs)))
    return check(graph.replace(nodes=nodes, values=values), "float", "with_rescales")


def held_operands(graph: Graph, quants: Mapping[str, Quant]) -> dict[str, Quant]:
    """The constants that must have the quantisation of the result they are moved or chosen into."""
    return {
        name: quants[node.output]
        for node in graph.nodes
        for name in node.inputs
        if node.op in MOVED | CHOOSING and graph.values[name].is_constant and graph.values[name].dtype == "float32"
    }


def fixed_outputs(graph: Graph, dtype: DType = "int8") -> dict[str, Quant]:
    """The outputs whose quantisation their operator fixes."""
    made = [node for node in graph.nodes if node.op in FIXED]
    fixed = {node.output: FIXED[node.op] if dtype == "int8" else FIXED_S16 for node in made}
    return fixed | spike_quants(graph)


def sets_range(graph: Graph, name: str) -> bool:
    """Whether an activation holds values that were not in its group before it."""
    node = graph.producers.get(name)
    if node is None or node.op not in MOVED | CHOOSING or graph.values[node.inputs[0]].is_constant:
        return True
    return bool(node.attrs.get("value", 0.0))


def choose_quants(
    graph: Graph,
    ranges: Mapping[str, Range],
    input_quant: Mapping[str, Quant] | None = None,
    dtype: DType = "int8",
) -> dict[str, Quant]:
    """The quantisation of each activation.

    Args:
        graph: legal float graph.
        ranges: of each activation, as `observe` gives them.
        input_quant: for the inputs whose integers come from elsewhere.
        dtype: of the activations.

    Raises:
        ValueError: `input_quant` names no input, or two of a group are fixed differently.
    """
    fixed = dict(input_quant or {})
    if unknown := sorted(set(fixed) - set(graph.inputs)):
        raise ValueError(f"`input_quant` names {', '.join(unknown)}; the inputs are {', '.join(graph.inputs)}")
    groups = groups_of(graph, fixed, dtype)
    fixed |= fixed_outputs(graph, dtype)
    quants: dict[str, Quant] = {}
    for group in groups:
        scaled = _scaled_quant(graph, group, quants) if dtype == "int8" and fixed.keys().isdisjoint(group) else None
        quants |= dict.fromkeys(group, scaled or _group_quant(graph, group, ranges, fixed, dtype))
    return quants


def _scaled_quant(graph: Graph, group: Sequence[str], quants: Mapping[str, Quant]) -> Quant | None:
    """Of a group whose values all come from one product with a number; None for any other."""
    sources = [graph.producers.get(name) for name in group if sets_range(graph, name)]
    if len(sources) != 1 or sources[0] is None:
        return None
    found = factor_of(graph, sources[0])
    if found is None or found[0] not in quants:
        return None
    quant = quants[found[0]]
    scale = np.float32(quant.scale[0] * found[1])
    return Quant.per_tensor(float(scale), quant.zero_point[0]) if 0 < scale < np.inf else None


def _group_quant(
    graph: Graph, group: Sequence[str], ranges: Mapping[str, Range], fixed: Mapping[str, Quant], dtype: DType
) -> Quant:
    found = {fixed[name] for name in group if name in fixed}
    if len(found) > 1:
        raise ValueError(f"{', '.join(group)} must share one quantisation, but more than one is given: {found}")
    if found:
        return found.pop()
    first, *others = (ranges[name] for name in group if sets_range(graph, name))
    for other in others:
        first = first.union(other)
    return quant_of_range(first, dtype)
