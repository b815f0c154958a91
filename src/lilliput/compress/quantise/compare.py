"""How close the integer network is to the float one: layer by layer, and in what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.interpret import run_float, run_integer, runs_by_rows
from lilliput.compiler.ops._spikes import unpacked


@dataclass(frozen=True)
class LayerError:
    """One activation, float against integer.

    Args:
        name: of the activation; it is the name of the node that makes it.
        op: of that node.
        sqnr_db: 10 · log₁₀ of the power of the float values over the power of the difference; inf when equal.
        cosine: between float and dequantised values; 1 when both are 0.
    """

    name: str
    op: str
    sqnr_db: float
    cosine: float


def layer_errors(
    graph: Graph, integer: Graph, batches: Iterable[Mapping[str, Tensor]], *, at_once: int = 8
) -> tuple[LayerError, ...]:
    """The error of each activation, in execution order.

    Args:
        graph: float graph.
        integer: its integer graph, with the same names of activations.
        batches: input name → float32 (N, …), channels last.
        at_once: items whose activations are held in memory together.
    """
    sums: dict[str, NDArray[np.float64]] = {node.output: np.zeros(4) for node in graph.nodes}
    at_once = 1 if runs_by_rows(graph) else at_once
    for batch in batches:
        count = len(next(iter(batch.values())))
        for start in range(0, count, at_once):
            _add(sums, graph, integer, {name: x[start : start + at_once] for name, x in batch.items()})
    return tuple(_error(node.output, node.op, sums[node.output]) for node in graph.nodes)


def float_graph_accuracy(graph: Graph, x: Array, y: NDArray[np.integer], *, at_once: int = 64) -> float:
    """Share of items whose largest output is at the class number.

    Shapes:
        x (N, …) float32, channels last; y (N,).
    """
    right = 0
    with torch.no_grad():
        for start in range(0, len(x), at_once):
            part = torch.from_numpy(
                np.ascontiguousarray(x[start : start + at_once], graph.values[graph.inputs[0]].dtype)
            )
            out = run_float(graph, {graph.inputs[0]: part})[graph.outputs[0]].numpy()
            right += int((out.argmax(-1) == y[start : start + at_once]).sum())
    return right / len(x)


def integer_graph_accuracy(graph: Graph, x: Array, y: NDArray[np.integer], *, at_once: int = 64) -> float:
    """The same for the integer graph, from the same float items.

    Shapes:
        x (N, …) float32, channels last; y (N,).
    """
    right = 0
    for start in range(0, len(x), at_once):
        out = run_integer(graph, {graph.inputs[0]: quantised(graph, graph.inputs[0], x[start : start + at_once])})
        right += int((out[graph.outputs[0]].argmax(-1) == y[start : start + at_once]).sum())
    return right / len(x)


def quantised(graph: Graph, name: str, real: Array) -> Array:
    """Real values as the integers of an activation of an integer graph; places and truth values as they are."""
    value = graph.values[name]
    if value.dtype in ("int32", "int64", "bool"):
        return np.ascontiguousarray(real, value.dtype)
    if value.quant is None:
        raise ValueError(f"value {name!r} of graph {graph.name!r} is not quantised")
    return value.quant.quantise(real, value.dtype)


def _add(sums: Mapping[str, NDArray[np.float64]], graph: Graph, integer: Graph, batch: Mapping[str, Tensor]) -> None:
    kept: dict[str, Array] = {}

    def keep(name: str, x: Tensor) -> Tensor:
        kept[name] = x.numpy().astype(np.float64)
        return x

    def compare(name: str, made: Array) -> None:
        if name not in kept:
            return  # lowering has added it
        quant = integer.values[name].quant
        if quant is None:  # a truth value, or the number of a place
            return
        steps = integer.values[name].steps
        real = kept.pop(name)
        given = (unpacked(made, steps) if steps else quant.dequantise(made)).astype(np.float64)
        sums[name][:] += [(real**2).sum(), (given**2).sum(), (real * given).sum(), ((real - given) ** 2).sum()]

    with torch.no_grad():
        run_float(graph, batch, hook=keep)
    run_integer(integer, {k: quantised(integer, k, x.numpy()) for k, x in batch.items()}, watch=compare)


def _error(name: str, op: str, sums: NDArray[np.float64]) -> LayerError:
    signal, made, product, noise = (float(s) for s in sums)
    if noise == 0:
        return LayerError(name, op, float("inf"), 1.0)
    norm = (signal * made) ** 0.5
    ratio = signal / noise
    return LayerError(
        name, op, 10 * float(np.log10(ratio)) if ratio > 0 else float("-inf"), product / norm if norm else 0.0
    )
