"""A softmax over values of which some were replaced by a very small number becomes one that leaves those out.

In integers the small number would take all of the range, and what is behind it would lose its steps.
"""

from __future__ import annotations

from lilliput.compiler.graph import Graph, Node, Value

NOTHING = -1e4
"""A value from here down has no share: e^-10000 is 0 in float32 beside anything a network makes."""


def fuse_masks(graph: Graph) -> Graph:
    """The same graph with `masked_softmax` for each softmax of a choice between values and such a number."""
    values, nodes = dict(graph.values), list[Node]()
    for node in graph.nodes:
        chosen = graph.producers.get(node.inputs[0]) if node.op == "softmax" else None
        if chosen is None or chosen.op != "select":
            nodes.append(node)
            continue
        condition, yes, no = (graph.values[name] for name in chosen.inputs)
        shape = graph.values[node.output].shape
        if _is_nothing(no) and yes.shape == shape and _reaches(condition, shape):
            present = condition.name
        elif _is_nothing(yes) and no.shape == shape and _reaches(condition, shape):
            present = _opposite(graph, condition, node, values, nodes)
        else:
            nodes.append(node)
            continue
        kept = no.name if _is_nothing(yes) else yes.name
        nodes.append(Node("masked_softmax", node.name, (kept, present), node.outputs, {}, node.source))
    return graph.replace(nodes=nodes, values=values)


def _is_nothing(value: Value) -> bool:
    return value.data is not None and value.dtype == "float32" and bool((value.data <= NOTHING).all())


def _reaches(condition: Value, shape: tuple[int, ...]) -> bool:
    return not condition.is_constant and condition.shape[-1] == shape[-1]


def _opposite(graph: Graph, condition: Value, node: Node, values: dict[str, Value], nodes: list[Node]) -> str:
    """The name of what is true where the condition is not."""
    made = graph.producers.get(condition.name)
    if made is not None and made.op == "logical_not":
        return made.inputs[0]
    name = f"{node.name}.present"
    values[name] = Value(name, condition.shape, "bool")
    nodes.append(Node("logical_not", name, (condition.name,), (name,), {}, node.source))
    return name
