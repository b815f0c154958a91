"""Graphs of one layer of spiking neurons in integers, over shapes, resets, leaks and kinds of potentials."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from lilliput.compiler.graph import Array, Graph, Node, Quant, Value
from lilliput.compiler.ops import ops
from lilliput.compiler.ops._spikes import ONE, TRAIN

WEIGHT = Quant.per_tensor(0.01, 0)
NONE = ((0, 0), (0, 0))


def neurons(
    channels: int,
    steps: int,
    v: Literal["int16", "int32"] = "int16",
    *,
    reset: str = "zero",
    decay: int | Array = ONE // 2,
    start: int = 0,
    threshold: int = 90,
    kept: tuple[int, ...] | None = None,
    alike: bool = False,
) -> tuple[list[Value], dict[str, Any]]:
    """The values decay, threshold and v, and the attributes; `kept` is the shape of potentials that live on.

    Thresholds differ from channel to channel, unless they are `alike`."""
    spread = np.arange(channels, dtype=np.int32) % (1 if alike else 7)
    values = [
        Value("decay", (channels,), "int32", data=np.broadcast_to(np.int32(decay), channels).astype(np.int32)),
        Value("threshold", (channels,), "int32", data=(threshold + 11 * spread).astype(np.int32)),
    ]
    if kept is None:
        values.append(Value("v", (channels,), v, data=np.full(channels, start, v), quant=WEIGHT))
    else:
        values.append(Value("v", kept, v, state=np.full(kept, start, v), quant=WEIGHT))
    return values, {"steps": steps, "reset": reset}


def layer(
    x: tuple[int, ...],
    w: tuple[int, ...],
    steps: int,
    v: Literal["int16", "int32"] = "int16",
    *,
    kept: bool = False,
    largest: int = 127,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[tuple[int, int], tuple[int, int]] = NONE,
    dilation: tuple[int, int] = (1, 1),
    **changes: Any,
) -> Graph:
    """A spiking layer: a convolution where `w` has four axes, else a fully connected one."""
    rng = np.random.default_rng(sum(x) + 10 * sum(w) + steps)
    weights = rng.integers(-largest, largest + 1, w).astype(np.int8)
    bias = rng.integers(-40, 60, w[0]).astype(np.int32)
    values = [
        Value("x", x, "uint8", TRAIN, steps=steps),
        Value("w", w, "int8", WEIGHT, weights),
        Value("b", (w[0],), "int32", WEIGHT, bias),
    ]
    op, attrs = ("spiking_conv2d", {"stride": stride, "padding": padding, "dilation": dilation}) if len(w) == 4 else (
        "spiking_linear", {}
    )  # fmt: skip
    more, settings = neurons(w[0], steps, v, **changes)
    node = Node(op, "node", ("x", "w", "b", "decay", "threshold", "v"), ("y",), attrs | settings)
    shape, _ = ops[op].infer(node, [*values, *more])
    if kept:
        more, _ = neurons(w[0], steps, v, kept=shape, **changes)
    values += [*more, Value("y", shape, "uint8", TRAIN, steps=steps)]
    return Graph(op, {value.name: value for value in values}, (node,), ("x",), ("y",))


def encoder(x: tuple[int, ...], steps: int, *, kept: bool = False, shift: int = 3, **changes: Any) -> Graph:
    """Neurons on currents of int8: (1, ...) or (steps, ...)."""
    values = [Value("x", x, "int8", Quant.per_tensor(0.02, -9))]
    shape = (1, *x[1:])
    more, settings = neurons(x[-1], steps, kept=shape if kept else None, **changes)
    node = Node("leaky", "node", ("x", "decay", "threshold", "v"), ("y",), settings | {"shift": shift})
    values += [*more, Value("y", shape, "uint8", TRAIN, steps=steps)]
    return Graph("leaky", {value.name: value for value in values}, (node,), ("x",), ("y",))


LEAKS = np.array([ONE // 2, ONE // 4, 30000, 32767, 0], np.int32)
LAYERS: dict[str, Graph] = {
    "linear": layer((1, 37), (24, 37), 8),
    "linear, one step": layer((1, 50), (16, 50), 1, reset="subtract"),
    "linear, ten": layer((1, 130), (10, 130), 4, reset="subtract", decay=ONE, start=45),
    "linear, one neuron": layer((1, 3), (1, 3), 3),
    "linear, odd": layer((1, 9), (5, 9), 5, decay=LEAKS, threshold=30),
    "linear, silent": layer((1, 9), (6, 9), 5, decay=ONE, threshold=30000),
    "linear, kept": layer((1, 70), (13, 70), 2, kept=True, reset="subtract"),
    "linear, kept for good": layer((1, 70), (28, 70), 1, kept=True, decay=ONE, start=-20),
    "linear, wide": layer((1, 37), (11, 37), 8, "int32", threshold=40000, start=39800, decay=ONE, reset="subtract"),
    "linear, wide, kept": layer((1, 300), (7, 300), 3, "int32", kept=True, threshold=700),
    "conv": layer((1, 6, 5, 4), (12, 3, 3, 4), 8, padding=((1, 1), (1, 1))),
    "conv, one channel": layer((1, 7, 7, 1), (5, 5, 3, 1), 4, stride=(2, 1), padding=((2, 1), (0, 2))),
    "conv, dilated": layer((1, 8, 9, 3), (8, 3, 2, 3), 3, dilation=(2, 3), padding=((2, 2), (3, 0)), reset="subtract"),
    "conv, pointwise": layer((1, 3, 4, 9), (20, 1, 1, 9), 6, decay=30000),
    "conv, kept": layer((1, 5, 4, 6), (9, 3, 3, 6), 2, kept=True, padding=((1, 1), (1, 1)), decay=LEAKS.repeat(2)[:9]),
    "conv, wide": layer((1, 4, 4, 5), (6, 2, 2, 5), 7, "int32", stride=(2, 2), decay=12345),
    "conv, wide, kept": layer((1, 4, 4, 5), (6, 2, 2, 5), 7, "int32", kept=True, dilation=(1, 2), threshold=300),
}
ENCODERS: dict[str, Graph] = {
    "table": encoder((1, 40), 8, threshold=600, decay=20000, alike=True),
    "by channel": encoder((1, 3, 3, 5), 6, decay=LEAKS, threshold=500, reset="subtract"),
    "frames": encoder((4, 21), 4, reset="subtract", decay=ONE, threshold=400, start=100),
    "one frame": encoder((1, 2, 2, 3), 1, threshold=200),
    "kept": encoder((1, 3, 2, 7), 3, kept=True, threshold=500),
    "kept frames": encoder((2, 9), 2, kept=True, decay=ONE, shift=7, threshold=16000, start=-4),
}
