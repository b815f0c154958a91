"""Compute what depends on constants only."""

from __future__ import annotations

import numpy as np

from lilliput.compiler.graph import Graph, Node, Value
from lilliput.compiler.ops import ops


def fold_constants(graph: Graph) -> Graph:
    """Replace each float node with constant inputs by its result."""
    import torch

    values, kept = dict(graph.values), list[Node]()
    for node in graph.nodes:
        data = [values[name].data for name in node.inputs]
        given = [array for array in data if array is not None]
        if len(given) < len(data) or not given:
            kept.append(node)
            continue
        with torch.no_grad():
            made = ops[node.op].float(node, *(torch.from_numpy(np.ascontiguousarray(array)) for array in given))
        array = np.ascontiguousarray(made.numpy())
        values[node.output] = Value(node.output, array.shape, values[node.output].dtype, None, array)
    return graph.replace(nodes=kept, values=values)
