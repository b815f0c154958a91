"""Run a graph node by node: in float with torch, or in integers with NumPy. The integer run is the reference that every
build of the C code must equal bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

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
    if not runs_by_rows(graph):
        return _run_rows(graph, given, watch)
    states = {value.name: np.array(value.state) for value in graph.states}
    made = [_run_rows(graph, row | states, watch) for row in _each_row(graph, given)]
    return {name: np.concatenate([np.atleast_1d(row[name]) for row in made]) for name in graph.outputs}


def runs_by_rows(graph: Graph) -> bool:
    """Whether a batch must be run one after the other: there are states, or the leading axis is not the batch alone."""
    active = [value for value in graph.values.values() if not value.is_constant and not value.is_state]
    return (
        bool(graph.states)
        or any(graph.values[name].is_constant for name in graph.outputs)
        or any(value.shape[:1] != (1,) for value in active)
        or any(ops[node.op].moves_batch(node, graph.ins(node), graph.values[node.output]) for node in graph.nodes)
    )


def _each_row(graph: Graph, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The inputs of each run; an input with a leading axis of k gives k of its rows to each."""
    taken = {name: (graph.values[name].shape or (1,))[0] for name in given}
    if not given:
        yield {}
        return
    runs = {len(array) // taken[name] for name, array in given.items()}
    if len(runs) != 1 or any(len(array) % taken[name] for name, array in given.items()):
        raise ValueError(f"the inputs have {[len(array) for array in given.values()]} rows, one run takes {taken}")
    for i in range(runs.pop()):
        parts = {name: array[i * taken[name] : (i + 1) * taken[name]] for name, array in given.items()}
        yield {name: part.reshape(graph.values[name].shape) for name, part in parts.items()}


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
    return {name: _constant_or(graph, values, name) for name in graph.outputs}


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

    if runs_by_rows(graph):
        made = [_run_float(graph, row, constants, hook) for row in _each_row(graph, inputs)]
        return {name: torch.cat([row[name].reshape(row[name].shape or (1,)) for row in made]) for name in graph.outputs}
    return _run_float(graph, inputs, constants, hook)


def _run_float(
    graph: Graph,
    inputs: Mapping[str, Tensor],
    constants: Mapping[str, Tensor] | None,
    hook: Callable[[str, Tensor], Tensor] | None,
) -> dict[str, Tensor]:
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
