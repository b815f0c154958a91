"""Spiking networks whose potentials live on from run to run: each run goes on where the last one stopped.

So a run may be a single time step of a sensor that gives events, or `steps` more of an item that is not decided yet.
The program's `reset` brings all neurons back to where they start.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lilliput.compiler.grammar import check
from lilliput.compiler.graph import Graph, Quant, Value
from lilliput.compiler.passes.spikes import SPIKING

_NEURONS = ("leaky", *SPIKING.values())


def has_neurons(graph: Graph) -> bool:
    """Whether there are potentials to keep."""
    return any(node.op in _NEURONS for node in graph.nodes)


def keep_potentials(graph: Graph) -> Graph:
    """The same integer graph, where the potentials of all neurons are states.

    Args:
        graph: integer graph; neurons whose potentials are kept already stay as they are.
    """
    values = dict(graph.values)
    for node in graph.nodes:
        if node.op not in _NEURONS:
            continue
        start, shape = values[node.inputs[-1]], values[node.output].shape
        if start.data is not None:
            data = np.ascontiguousarray(np.broadcast_to(start.data.ravel(), shape))
            values[start.name] = Value(start.name, shape, start.dtype, _of_shape(start, shape), state=data)
    return check(graph.replace(values=values), "integer", keep_potentials.__name__)


def _of_shape(start: Value, shape: tuple[int, ...]) -> Quant | None:
    quant = start.quant
    if quant is None or quant.is_per_tensor:
        return quant
    return replace(quant, axis=len(shape) - 1)
