"""From ranges to the quantisation of activations: asymmetric int8 or symmetric int16, one scale for the whole tensor.

    real = scale · (integer - zero point)
    int8    scale = (high - low) / 255,   zero point = round(-128 - low / scale)
    int16   scale = max(-low, high) / 32767,   zero point = 0

Some activations have no choice of their own:

    fixed   inputs whose integers the task's preprocessing makes; softmax and sigmoid, 1/256 and -128; tanh, 1/128 and
            0; on int16 all three 2^-15
    moved   operators that move integers or choose among them (pool, reshape, transpose, pad, slice, resize) give their
            output the quantisation of their input
    joined  a concat takes any scales; inputs that nothing else reads, and that are not fixed, get the scale of its
            output, so that it has nothing to convert; on int16 it takes one scale only, and all inputs that can get it
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from lilliput.compiler.graph import DType, Graph, Quant
from lilliput.compress.quantise.observe import Range

FIXED: Mapping[str, Quant] = {
    "softmax": Quant.per_tensor(1 / 256, -128),
    "sigmoid": Quant.per_tensor(1 / 256, -128),
    "tanh": Quant.per_tensor(1 / 128, 0),
}
FIXED_S16 = Quant.per_tensor(2.0**-15, 0)
"""Of the same operators on int16."""

MOVED = frozenset({"max_pool2d", "avg_pool2d", "reshape", "transpose", "pad", "slice", "resize"})

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
    leader = {name: name for name, value in graph.values.items() if not value.is_constant}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for node in graph.nodes:
        if node.op in MOVED:
            leader[find(node.output)] = find(node.inputs[0])
    held = {find(name) for name in (*fixed, *fixed_outputs(graph))}
    for node in graph.nodes:
        for name in node.inputs if node.op == "concat" else ():
            alone = not graph.values[name].is_constant and (dtype == "int16" or len(graph.readers[name]) == 1)
            if alone and held.isdisjoint({find(name), find(node.output)}):
                leader[find(node.output)] = find(name)
    groups: dict[str, list[str]] = {}
    for name in (*graph.inputs, *(node.output for node in graph.nodes)):
        groups.setdefault(find(name), []).append(name)
    return tuple(tuple(names) for names in groups.values())


def fixed_outputs(graph: Graph, dtype: DType = "int8") -> dict[str, Quant]:
    """The outputs whose quantisation their operator fixes."""
    made = [node for node in graph.nodes if node.op in FIXED]
    return {node.output: FIXED[node.op] if dtype == "int8" else FIXED_S16 for node in made}


def sets_range(graph: Graph, name: str) -> bool:
    """Whether an activation holds values that were not in its group before it."""
    node = graph.producers.get(name)
    return node is None or node.op not in MOVED or bool(node.attrs.get("value", 0.0))


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
        quants |= dict.fromkeys(group, _group_quant(graph, group, ranges, fixed, dtype))
    return quants


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
