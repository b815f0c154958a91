"""Run a graph node by node: in float with torch, or in integers with NumPy. The integer run is the reference that every
build of the C code must equal bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.ops import ops

if TYPE_CHECKING:
    from torch import Tensor


def run_integer(
    graph: Graph, inputs: Mapping[str, Array], watch: Callable[[str, Array], None] | None = None
) -> dict[str, Array]:
    """The graph's outputs as the device gives them.

    Args:
        graph: a legal integer graph.
        inputs: name → array of the value's dtype, (N, …) with any N. Where the graph has states, the rows are taken one
            after the other, from the initial state on.
        watch: called with each value's name and array as soon as it is made.

    Raises:
        ValueError: an input is missing, or has another dtype or shape than the graph says (batch apart).
    """
    given: dict[str, Array] = {}
    for name in graph.inputs:
        value, array = graph.values[name], np.asarray(inputs[name])
        if array.shape[1:] != value.shape[1:] or array.dtype != np.dtype(value.dtype):
            raise ValueError(
                f"input {name!r} must be {value.dtype}{['N', *value.shape[1:]]}, got {array.dtype}{list(array.shape)}"
            )
        given[name] = array
    if not graph.states:
        return _run_rows(graph, given, watch)
    states = {value.name: np.array(value.state) for value in graph.states}
    rows = len(next(iter(given.values())))
    made = [_run_rows(graph, {k: v[i : i + 1] for k, v in given.items()} | states, watch) for i in range(rows)]
    return {name: np.concatenate([row[name] for row in made]) for name in graph.outputs}


def _run_rows(graph: Graph, given: Mapping[str, Array], watch: Callable[[str, Array], None] | None) -> dict[str, Array]:
    values = dict(given)
    last_use = _last_uses(graph)
    for index, node in enumerate(graph.nodes):
        arrays = [_constant_or(graph, values, name) for name in node.inputs]
        output = graph.values[node.output]
        made = ops[node.op].evaluate(node, graph.ins(node), output, *arrays)
        if made.dtype != np.dtype(output.dtype) or made.shape[1:] != output.shape[1:]:
            raise ValueError(
                f"{node.op} at {node.name!r} gave {made.dtype}{made.shape}, not {output.dtype}{output.shape}"
            )
        values[node.output] = made
        if watch is not None:
            watch(node.output, made)
        for name in node.inputs:
            if last_use.get(name) == index:
                values.pop(name, None)
    return {name: values[name] for name in graph.outputs}


def run_float(
    graph: Graph,
    inputs: Mapping[str, Tensor],
    constants: Mapping[str, Tensor] | None = None,
    hook: Callable[[str, Tensor], Tensor] | None = None,
) -> dict[str, Tensor]:
    """The graph's outputs for float inputs, channels last, differentiable.

    Args:
        graph: a legal float graph.
        inputs: name → float32 tensor, (N, …) with any N.
        constants: replaces some of the graph's constants, e.g. by trainable tensors.
        hook: called with each activation's name and tensor, inputs included; what it returns is used from there on.
            Calibration looks at ranges here, quantisation-aware training rounds here.
    """
    import torch

    def keep(name: str, tensor: Tensor) -> Tensor:
        return tensor if hook is None else hook(name, tensor)

    values: dict[str, Tensor] = {name: keep(name, inputs[name]) for name in graph.inputs}
    for name, value in graph.values.items():
        if value.data is not None:
            given = None if constants is None else constants.get(name)
            values[name] = torch.from_numpy(np.ascontiguousarray(value.data)) if given is None else given
    last_use = _last_uses(graph)
    for index, node in enumerate(graph.nodes):
        made = ops[node.op].float(node, *(values[name] for name in node.inputs))
        values[node.output] = keep(node.output, made)
        for name in node.inputs:
            if last_use.get(name) == index:
                values.pop(name, None)
    return {name: values[name] for name in graph.outputs}


def _constant_or(graph: Graph, values: Mapping[str, Array], name: str) -> Array:
    data = graph.values[name].data
    return values[name] if data is None else data


def _last_uses(graph: Graph) -> dict[str, int]:
    """Activation name → index of the last node that reads it; graph outputs are kept."""
    last = {name: index for index, node in enumerate(graph.nodes) for name in node.inputs}
    return {k: v for k, v in last.items() if k not in graph.outputs and not graph.values[k].is_constant}
