"""The operators that leave integers as they are: that move them, choose among them, or change their scale only."""

from __future__ import annotations

from lilliput.compiler.graph import Graph, Node

MOVED = frozenset(
    {
        "max_pool2d", "avg_pool2d", "reshape", "transpose", "pad", "slice", "resize", "tile", "broadcast_to", "reverse",
        "gather", "reduce_max", "reduce_min", "top_k",
    }
)  # fmt: skip
SOFTMAX = frozenset({"softmax", "masked_softmax"})
CHOOSING = frozenset({"maximum", "minimum", "select"})


def factor_of(graph: Graph, node: Node) -> tuple[str, float] | None:
    """The activation and the number above 0 whose product a node is, without an activation function; None otherwise."""
    if node.op != "mul" or node.attrs.get("activation", "none") != "none":
        return None
    values = [graph.values[name] for name in node.inputs]
    numbers = [float(v.data.reshape(-1)[0]) for v in values if v.data is not None and v.elements == 1]
    active = [v.name for v in values if v.data is None]
    if len(numbers) != 1 or len(active) != 1 or not numbers[0] > 0:
        return None
    return active[0], numbers[0]


def answers_of(graph: Graph) -> set[str]:
    """The activations whose largest values must be told apart: the network's outputs, what a softmax reads, and those
    that these hold in another order or scale."""
    found: set[str] = set()
    left = [*graph.outputs, *(node.inputs[0] for node in graph.nodes if node.op in SOFTMAX)]
    while left:
        name = left.pop()
        node = graph.producers.get(name)
        if name in found or graph.values[name].is_constant:
            continue
        found.add(name)
        if node is not None and (node.op in MOVED or factor_of(graph, node) is not None):
            left += node.inputs
    return found
