"""Layers of spiking neurons of exported PyTorch programs: the operators of `lilliput.layers.exported`. See `_aten`."""

from __future__ import annotations

import numpy as np

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.frontends._aten import HANDLERS, Call, _demand, _reshape
from lilliput.compiler.graph import Array
from lilliput.compiler.ops import ops
from lilliput.core.errors import UnsupportedAttribute


class Spikes:
    """What a layer of neurons gives: spikes, and potentials that have no translation."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, index: int) -> str:
        if index:
            raise UnsupportedAttribute(
                "potentials that leave the network have no translation",
                fix="return spikes alone; potentials can be kept from run to run, see docs/spiking.md",
            )
        return self._name


def _leaky(b: GraphBuilder, call: Call) -> Spikes:
    """x is (T, 1, ...), and (T, ...) in the graph. Gain and rest go into the threshold and into where potentials start:
    in units of a gain above rest, h = decay · v + x."""
    a = call.args
    shape = b.shape(a["x"])
    _demand(len(shape) >= 3 and shape[1] == 1, f"spiking neurons need (T, 1, ...), time before a batch of one: {shape}")
    decay, gain, threshold, start = (_known(b, a[key], key) for key in ("decay", "gain", "threshold", "potential"))
    _demand(bool((gain > 0).all()), f"neurons with a gain of {gain.min():g}")
    rest = float(a["rest"])
    numbers = {"decay": decay, "threshold": (threshold - rest) / gain, "start": (start - rest) / gain}
    names = [b.constant(f"{call.label}.{key}", _fitted(array, shape[2:])) for key, array in numbers.items()]
    _demand(bool((numbers["threshold"] > 0).all()), "neurons whose threshold is not above rest")
    _demand(bool((decay >= 0).all() and (decay <= 1).all()), "neurons whose decay is not in 0 to 1")
    x = _reshape(b, a["x"], (shape[0], *shape[2:]), call)
    attrs = {"steps": shape[0], "reset": str(a["reset_to"])}
    y = b.node("leaky", call.label, [x, *names], source=call.source, **attrs)
    return Spikes(_reshape(b, y, shape, call))


def _events(b: GraphBuilder, call: Call) -> str:
    """x is (T, 1, ...), and (T, ...) in the graph."""
    x = call.args["x"]
    shape = b.shape(x)
    _demand(len(shape) >= 3 and shape[1] == 1, f"events need (T, 1, ...), time before a batch of one: {shape}")
    x = _reshape(b, x, (shape[0], *shape[2:]), call)
    y = b.node("events", f"{call.label}.events", [x], steps=shape[0], source=call.source)
    return str(_reshape(b, y, shape, call))


HANDLERS["lilliput.leaky.default"] = _leaky
HANDLERS["lilliput.events.default"] = _events


def _known(b: GraphBuilder, name: str, what: str) -> Array:
    """A constant, or what is computed from constants alone; float64."""
    import torch

    value = b.values[name]
    if value.data is not None:
        return np.asarray(value.data, np.float64)
    node = next((node for node in b.nodes if node.output == name), None)
    if node is None:
        raise UnsupportedAttribute(
            f"the {what} of spiking neurons must be known when the network is compiled",
            fix="leave the state out: potentials can be kept from run to run, see docs/spiking.md",
        )
    given = [torch.from_numpy(_known(b, other, what).astype(np.float32)) for other in node.inputs]
    return ops[node.op].float(node, *given).detach().numpy().astype(np.float64)


def _fitted(array: Array, shape: tuple[int, ...]) -> Array:
    """One number (1,), or one a channel (C, 1, ...), for neurons of `shape`, the channels first; float32."""
    full: Array = np.broadcast_to(array.reshape(array.shape or (1,)), (1, *shape))[0].astype(np.float32)
    rows = full.reshape(len(full), -1)
    if (full == full.ravel()[0]).all():
        return full.ravel()[:1]
    _demand(bool((rows == rows[:, :1]).all()), "spiking neurons that differ within a channel")
    return rows[:, 0].reshape(-1, *[1] * (len(shape) - 1))
