"""A network of ours as a NIR file; what the formats mean to each other is said in `lilliput.spiking.nir`."""

from __future__ import annotations

import copy
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lilliput.core.errors import NoSpikingRule
from lilliput.core.files.atomic import write_bytes
from lilliput.layers.drop_path import DropPath
from lilliput.layers.neuron_cells import Leaky
from lilliput.layers.spiking import IF, LIF, PLIF, Neuron, SpikingSequential
from lilliput.layers.surrogate import Surrogate
from lilliput.spiking.converted import SpikingNetwork, Total, Worth
from lilliput.spiking.feed_forward import NORMS, WEIGHTS, Reshape, fold_norm
from lilliput.spiking.graph import INPUT, OUTPUT, STATEFUL, Edge, SpikingGraph
from lilliput.spiking.nir_nodes import CurrentBased, LeakyArray, LeakyIntegrator, Scale, SumPool2d
from lilliput.spiking.nir_reading import Solver, check_step, package

_PASSES = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, DropPath)

Nodes = dict[str, nn.Module]
Floats = NDArray[np.float64]


@torch.no_grad()
def export_nir(network: nn.Module, path: str | Path, example: Tensor, *, dt: float, solver: Solver = "euler") -> None:
    """Write a network as a NIR file.

    Args:
        network: `SpikingSequential`, `SpikingGraph`, one that `convert` made, or `nn.Sequential`.
        path: of the file; it is whole or not there.
        example: input of any numbers, (T, B, ...): it gives the shapes.
        dt: seconds that a step of ours stands for; not stored in the file.
        solver: how whoever reads it turns time constants into steps, see `lilliput.spiking.nir`.

    Raises:
        MissingExtra: LP601, the package nir is not installed.
        NoSpikingRule: LP320, a layer that NIR cannot say; the message names it.
        ValueError: `dt` is not above 0, or an unknown solver.
        BadOutput: LP104, the file cannot be written.
    """
    check_step(dt, solver)
    nir = package()
    nodes, edges = _folded(*_without_passes(*_parts(network)))
    shapes, made = _shapes(SpikingGraph(nodes, edges), example)
    writer = _Writer(nir, dt, solver)
    written = {name: writer.node(name, module, shapes[name]) for name, module in nodes.items()}
    free = {end: _free(end, nodes) for end in (INPUT, OUTPUT)}
    written[free[INPUT]] = nir.Input(input_type=np.array(example.shape[2:]))
    written[free[OUTPUT]] = nir.Output(output_type=np.array(made))
    joined = [(free.get(a, a), free.get(b, b)) for a, b in edges]
    buffer = io.BytesIO()
    # Its check takes the weight's channels for the input's, which groups make fewer. All shapes are from a run anyway.
    is_plain = all(getattr(module, "groups", 1) == 1 for module in nodes.values())
    nir.write(buffer, nir.NIRGraph(written, joined, type_check=is_plain))
    write_bytes(Path(path), buffer.getvalue())


def _free(end: str, nodes: Nodes) -> str:
    while end in nodes:
        end += "_"
    return end


def _parts(network: nn.Module) -> tuple[Nodes, list[Edge]]:
    if isinstance(network, SpikingGraph):
        return {name: network.node(name) for name in network.names}, list(network.edges)
    if isinstance(network, SpikingNetwork):
        return _of_pieces(network)
    layers = network.layers if isinstance(network, SpikingSequential) else network
    if not isinstance(layers, (nn.ModuleList, nn.Sequential)):
        raise NoSpikingRule(
            f"{type(network).__name__} is no chain of layers and no graph",
            fix="write it as a lilliput.spiking.graph.SpikingGraph",
        )
    names = [str(index) for index in range(len(layers))]
    return dict(zip(names, layers, strict=True)), list(zip([INPUT, *names], [*names, OUTPUT], strict=True))


def _of_pieces(network: SpikingNetwork) -> tuple[Nodes, list[Edge]]:
    """Sums have no node: their readers get several edges."""
    nodes: Nodes = {}
    edges: list[Edge] = []
    gives: list[tuple[str, ...]] = []
    for piece in network.pieces:
        sources = tuple(s for index in piece.reads for s in gives[index]) or (INPUT,)
        if not piece.name:
            gives.append(sources)
            continue
        nodes[piece.name] = network.layers[piece.name]
        edges += [(source, piece.name) for source in sources]
        gives.append((piece.name,))
    return nodes, [*edges, *((source, OUTPUT) for source in gives[-1])]


def _without_passes(nodes: Nodes, edges: list[Edge]) -> tuple[Nodes, list[Edge]]:
    for name in [n for n, module in nodes.items() if isinstance(module, _PASSES)]:
        before, after = [a for a, b in edges if b == name], [b for a, b in edges if a == name]
        edges = [e for e in edges if name not in e]
        edges += [(a, b) for a in before for b in after]
        nodes = {n: module for n, module in nodes.items() if n != name}
    return nodes, edges


def _folded(nodes: Nodes, edges: list[Edge]) -> tuple[Nodes, list[Edge]]:
    nodes = dict(nodes)
    for name in [n for n, module in nodes.items() if isinstance(module, NORMS)]:
        before = [a for a, b in edges if b == name]
        layer = nodes.get(before[0]) if len(before) == 1 else None
        if not isinstance(layer, WEIGHTS) or len([a for a, _ in edges if a == before[0]]) > 1:
            raise NoSpikingRule(f"{name} normalises, and no layer stands right before it that it could be folded into")
        nodes[before[0]] = copy.deepcopy(layer)
        fold_norm(nodes[before[0]], nodes.pop(name))
        edges = [(before[0] if a == name else a, b) for a, b in edges if b != name]
    return nodes, edges


def _shapes(graph: SpikingGraph, example: Tensor) -> tuple[dict[str, tuple[int, ...]], tuple[int, ...]]:
    """What enters each node, and what leaves the network, of one item and step."""
    seen: dict[str, tuple[int, ...]] = {}

    def watch(name: str, axes: int) -> Any:
        return lambda module, args: seen.update({name: tuple(args[0].shape[axes:])})

    hooks = [
        graph.node(name).register_forward_pre_hook(watch(name, 2 if isinstance(graph.node(name), STATEFUL) else 1))
        for name in graph.names
    ]
    try:
        made, _ = graph(example)
    finally:
        for hook in hooks:
            hook.remove()
    return seen, tuple(made.shape[2:])


class _Writer:
    """One layer at a time."""

    def __init__(self, nir: Any, dt: float, solver: Solver) -> None:
        self.nir, self.dt, self.solver = nir, dt, solver

    def node(self, name: str, module: nn.Module, shape: tuple[int, ...]) -> Any:
        if isinstance(module, WEIGHTS):
            return self._weights(name, module, shape)
        if isinstance(module, (nn.Flatten, Reshape)):
            return self._flatten(name, module, shape)
        if isinstance(module, (nn.AvgPool2d, SumPool2d, Total)):
            return self._pool(name, module)
        if isinstance(module, (Scale, Worth)):
            factor = module.scale if isinstance(module, Scale) else module.weight.reshape(())
            return self.nir.Scale(_full(factor, shape).astype(np.float32))  # type: ignore[arg-type]
        if isinstance(module, (Neuron, LeakyIntegrator, CurrentBased)):
            return self._neurons(name, module, shape)
        raise NoSpikingRule(f"{name}, a {type(module).__name__}, has no node in NIR")

    def _weights(self, name: str, layer: nn.Module, shape: tuple[int, ...]) -> Any:
        assert isinstance(layer, WEIGHTS)
        weight = _array(layer.weight)
        if isinstance(layer, nn.Linear):
            if len(shape) != 1:
                raise NoSpikingRule(f"{name} is linear on the last of {len(shape)} axes", why="NIR has it on one")
            return self.nir.Linear(weight) if layer.bias is None else self.nir.Affine(weight, _array(layer.bias))
        kinds = {nn.Conv1d: self.nir.Conv1d, nn.Conv2d: self.nir.Conv2d}
        if type(layer) not in kinds or layer.padding_mode != "zeros":
            raise NoSpikingRule(f"{name}, a {type(layer).__name__}, pads or computes as NIR's convolutions cannot")
        is_flat = isinstance(layer, nn.Conv1d)
        bias = np.zeros(len(weight), np.float32) if layer.bias is None else _array(layer.bias)
        return kinds[type(layer)](
            input_shape=shape[1] if is_flat else shape[1:],
            weight=weight,
            stride=layer.stride[0] if is_flat else layer.stride,
            padding=layer.padding if isinstance(layer.padding, str) or not is_flat else layer.padding[0],
            dilation=layer.dilation[0] if is_flat else layer.dilation,
            groups=layer.groups,
            bias=bias,
        )

    def _flatten(self, name: str, module: nn.Flatten | Reshape, shape: tuple[int, ...]) -> Any:
        if isinstance(module, Reshape):
            if len(module.shape) != 1:
                raise NoSpikingRule(f"{name} brings {shape} to {module.shape}", why="NIR knows flattening only")
            return self.nir.Flatten({"input": np.array(shape)}, 0, -1)
        start, end = module.start_dim, module.end_dim
        if start == 0 or end == 0:
            raise NoSpikingRule(f"{name} flattens the batch axis too")
        # NIR counts without the batch.
        return self.nir.Flatten({"input": np.array(shape)}, start - (start > 0), end - (end > 0))

    def _pool(self, name: str, module: nn.Module) -> Any:
        pool = module.mean if isinstance(module, Total) else module
        sums = isinstance(module, (Total, SumPool2d))
        if not isinstance(pool, (nn.AvgPool2d, SumPool2d)):
            raise NoSpikingRule(f"{name}, a {type(pool).__name__}, has no node in NIR", why="pooling over windows has")
        if isinstance(pool, nn.AvgPool2d) and (pool.ceil_mode or pool.divisor_override or not pool.count_include_pad):
            raise NoSpikingRule(f"{name} divides by other numbers than the size of its window")
        kind = self.nir.SumPool2d if sums else self.nir.AvgPool2d
        pairs = [np.broadcast_to(np.array(n), 2).copy() for n in (pool.kernel_size, pool.stride, pool.padding)]
        return kind(*pairs)

    def _neurons(self, name: str, module: nn.Module, shape: tuple[int, ...]) -> Any:
        if isinstance(module, CurrentBased):
            inner = self._neurons(name, module.neurons, shape)
            synapse = self._filter(module.synapse, shape)
            own = {key: getattr(inner, key) for key in ("r", "v_leak", "v_threshold", "v_reset") if hasattr(inner, key)}
            if isinstance(inner, self.nir.IF) or not (synapse["v_leak"] == 0).all():
                raise NoSpikingRule(f"{name}: neurons behind a current must leak, and its rest must be 0")
            kind = self.nir.CubaLIF if "v_threshold" in own else self.nir.CubaLI
            return kind(tau_syn=synapse["tau"], tau_mem=inner.tau, w_in=synapse["r"], **own)
        if isinstance(module, LeakyIntegrator):
            if bool((module.decay == 1).all()) and not bool(module.offset.any()):  # type: ignore[union-attr, operator]
                return self.nir.I(r=_full(module.gain, shape) / self.dt)  # type: ignore[arg-type]
            return self.nir.LI(**self._filter(module, shape))
        assert isinstance(module, Neuron)
        if isinstance(module, LeakyArray):
            return self._of_array(name, module, shape)
        return self._plain(name, module, shape)

    def _filter(self, module: LeakyIntegrator, shape: tuple[int, ...]) -> dict[str, Floats]:
        decay, gain, offset = (_full(getattr(module, k), shape) for k in ("decay", "gain", "offset"))
        tau = self._tau(decay)
        return {"tau": tau, "r": gain / (1 - decay), "v_leak": offset / (1 - decay)}

    def _tau(self, decay: Floats) -> Floats:
        if not ((decay >= 0) & (decay < 1)).all():
            raise NoSpikingRule(f"a decay of {decay.max():g} is that of no time constant")
        if self.solver == "euler":
            return self.dt / (1 - decay)
        if not (decay > 0).all():
            raise NoSpikingRule("a neuron that forgets at once has no time constant in exact steps", fix='"euler"')
        return -self.dt / np.log(decay)

    def _plain(self, name: str, module: Neuron, shape: tuple[int, ...]) -> Any:
        cell = module.cell
        if not isinstance(module, (IF, LIF, PLIF)) or not isinstance(cell, Leaky) or type(cell.firing) is not Surrogate:
            raise NoSpikingRule(f"{name}, a {type(module).__name__}, has no node in NIR", why="IF and LIF have")
        if cell.reset_to != "zero":
            raise NoSpikingRule(
                f"{name} subtracts its threshold when it fires",
                why="NIR's neurons go to one level: another tool would give other spikes",
                fix='reset_to="zero"',
            )
        if getattr(module, "start", 0):
            raise NoSpikingRule(f"{name} starts above 0", why="NIR's neurons start at 0", fix="start=0")
        level = _below(np.float64(float(module.threshold) - cell.rest))
        common: dict[str, Any] = {"v_threshold": _full(level, shape), "v_reset": _full(0.0, shape)}
        if isinstance(module, IF):
            return self.nir.IF(r=_full(1 / self.dt, shape), **common)
        decay = _of_channels(module, shape) if isinstance(module, PLIF) else _full(1 - 1 / module.tau, shape)
        r = np.ones_like(decay) if module.decays_input else 1 / (1 - decay)
        return self.nir.LIF(tau=self._tau(decay), r=r, v_leak=_full(0.0, shape), **common)

    def _of_array(self, name: str, module: LeakyArray, shape: tuple[int, ...]) -> Any:
        given = (_full(getattr(module, k), shape) for k in ("decay", "gain", "offset", "threshold", "start"))
        decay, gain, offset, level, start = given
        common = {"v_threshold": _below(level) - start, "v_reset": -start}
        if (decay == 1).all() and not offset.any():
            return self.nir.IF(r=gain / self.dt, **common)
        leak = offset / (1 - np.minimum(decay, math.nextafter(1, 0))) - start
        return self.nir.LIF(tau=self._tau(decay), r=gain / (1 - decay), v_leak=leak, **common)


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.detach().cpu().to(torch.float32).numpy()


def _full(value: Tensor | Floats | float, shape: tuple[int, ...]) -> Floats:
    array = value.detach().cpu().double().numpy() if isinstance(value, Tensor) else np.asarray(value, np.float64)
    return np.broadcast_to(array, shape).copy()


def _below(level: Floats | np.float64) -> Floats:
    """The largest float32 below: above that is at the level or above it."""
    return np.nextafter(np.asarray(level).astype(np.float32), np.float32(-np.inf)).astype(np.float64)


def _of_channels(module: PLIF, shape: tuple[int, ...]) -> Floats:
    share = torch.sigmoid(module.weight.detach())
    return _full(1 - (share.reshape(-1, *[1] * (len(shape) - 1)) if module.channels else share), shape)
