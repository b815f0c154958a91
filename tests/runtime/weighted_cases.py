"""Layers with weights to hold to their kernels, and many of them in one graph, so that one compiler run serves all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from lilliput.compiler.graph import Array, Graph, Quant
from tests.runtime.harness import single

Padding = tuple[tuple[int, int], tuple[int, int]]
VALID: Padding = ((0, 0), (0, 0))
SAME3: Padding = ((1, 1), (1, 1))


def parallel(graphs: Sequence[Graph]) -> Graph:
    """The graphs side by side, names prefixed by their place."""
    values, nodes, inputs, outputs = {}, [], [], []
    for index, graph in enumerate(graphs):

        def name(old: str, prefix: str = f"g{index}_") -> str:
            return prefix + old

        values |= {name(k): replace(v, name=name(k)) for k, v in graph.values.items()}
        nodes += [
            replace(n, name=name(n.name), inputs=tuple(map(name, n.inputs)), outputs=tuple(map(name, n.outputs)))
            for n in graph.nodes
        ]
        inputs += map(name, graph.inputs)
        outputs += map(name, graph.outputs)
    return Graph("parallel", values, tuple(nodes), tuple(inputs), tuple(outputs))


def weights_quant(rng: np.random.Generator, channels: int, axis: int, per_channel: bool) -> Quant:
    scales = rng.uniform(0.002, 0.02, channels if per_channel else 1).astype(np.float32)
    return Quant(tuple(float(s) for s in scales), (0,) * len(scales), axis if per_channel else None)


def weighted(
    op: str,
    x_shape: tuple[int, ...],
    w: Array,
    axis: int,
    rng: np.random.Generator,
    *,
    zero: int,
    y_zero: int,
    activation: str,
    per_channel: bool,
    gain: float = 1.0,
    bias: int = 2000,
    **attrs: object,
) -> Graph:
    """One layer whose outputs spread over the int8 range at `gain` 1; a higher gain saturates them."""
    channels = w.shape[axis]
    taps = w.size // channels
    y_scale = 0.05 * 0.011 * max(float(np.abs(w.astype(np.int16)).mean()), 0.5) * 85 * np.sqrt(taps) / 60 / gain
    return single(
        op,
        [(x_shape, "int8", Quant.per_tensor(0.05, zero))],
        ("int8", Quant.per_tensor(y_scale, y_zero)),
        [(w, weights_quant(rng, channels, axis, per_channel)),
         (rng.integers(-bias, bias + 1, channels).astype(np.int32), None)],
        activation=activation, **attrs,
    )  # fmt: skip


def conv(
    image: tuple[int, int],
    c_in: int,
    c_out: int,
    kernel: tuple[int, int] = (3, 3),
    *,
    stride: tuple[int, int] = (1, 1),
    padding: Padding = VALID,
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    zero: int = 3,
    y_zero: int = -7,
    activation: str = "none",
    per_channel: bool = True,
    gain: float = 1.0,
    bias: int = 2000,
    lowest: int = -127,
    seed: int = 0,
) -> Graph:
    """One conv2d."""
    rng = np.random.default_rng([seed, c_in, c_out, *kernel])
    w = rng.integers(lowest, min(-lowest, 127) + 1, (c_out, *kernel, c_in // groups)).astype(np.int8)
    w.flat[0] = lowest
    attrs = {"stride": stride, "padding": padding, "dilation": dilation}
    return weighted(
        "conv2d", (1, *image, c_in), w, 0, rng, zero=zero, y_zero=y_zero, activation=activation,
        per_channel=per_channel, gain=gain, bias=bias, **attrs,
    )  # fmt: skip


def depthwise(
    image: tuple[int, int],
    channels: int,
    kernel: tuple[int, int] = (3, 3),
    *,
    multiplier: int = 1,
    stride: tuple[int, int] = (1, 1),
    padding: Padding = SAME3,
    dilation: tuple[int, int] = (1, 1),
    zero: int = 3,
    y_zero: int = -7,
    activation: str = "none",
    per_channel: bool = True,
    gain: float = 1.0,
    bias: int = 2000,
    lowest: int = -127,
    seed: int = 0,
) -> Graph:
    """One depthwise_conv2d."""
    rng = np.random.default_rng([seed, channels, multiplier, *kernel])
    w = rng.integers(lowest, min(-lowest, 127) + 1, (1, *kernel, channels * multiplier)).astype(np.int8)
    w.flat[0] = lowest
    attrs = {"stride": stride, "padding": padding, "dilation": dilation}
    return weighted(
        "depthwise_conv2d", (1, *image, channels), w, 3, rng, zero=zero, y_zero=y_zero, activation=activation,
        per_channel=per_channel, gain=gain, bias=bias, **attrs,
    )  # fmt: skip


@st.composite
def convolutions(draw: st.DrawFn, op: str) -> Graph:
    """Any `conv` or `depthwise` of small size whose kernel fits its padded image."""
    stride = draw(st.tuples(*[st.integers(1, 3)] * 2))
    dilation = draw(st.sampled_from([(1, 1), (1, 1), (1, 2), (2, 1)]))
    kernel = draw(st.one_of(st.just((3, 3)), st.tuples(*[st.integers(1, 5)] * 2)))
    padding = draw(st.tuples(*[st.tuples(*[st.integers(0, 3)] * 2)] * 2))
    least = [max(1, (k - 1) * d + 1 - sum(p)) for k, d, p in zip(kernel, dilation, padding, strict=True)]
    image = tuple(draw(st.integers(size, size + 6)) for size in least)
    common = {
        "stride": stride, "dilation": dilation, "padding": padding,
        "zero": draw(st.sampled_from([-128, 127, 0, 5])), "y_zero": draw(st.sampled_from([-128, 0, 127])),
        "activation": draw(st.sampled_from(["none", "relu", "relu6", "relu_n1_to_1"])),
        "per_channel": draw(st.booleans()), "gain": draw(st.sampled_from([0.5, 3.0, 40.0])),
        "lowest": draw(st.sampled_from([-128, -127, -20, -1])), "bias": draw(st.sampled_from([0, 500])),
        "seed": draw(st.integers(0, 9)),
    }  # fmt: skip
    if op == "conv2d":
        c_in, c_out = draw(st.sampled_from([1, 2, 3, 4, 7, 8, 12])), draw(st.integers(1, 9))
        return conv(image, c_in, c_out, kernel, **common)
    return depthwise(image, draw(st.integers(1, 5)), kernel, multiplier=draw(st.sampled_from([1, 1, 3])), **common)


def real_layer(graph: Graph, x: Array) -> Array:
    """The real values of a one-layer graph's output, in double precision through torch: what integers approximate."""
    import torch

    from lilliput.compiler.ops import ops

    (node,) = graph.nodes
    x_value, w, b = (graph.values[name] for name in node.inputs)
    assert w.quant is not None
    assert w.data is not None
    assert b.data is not None
    assert x_value.quant is not None
    bias = b.data * np.array(w.quant.scale) * x_value.scale
    real = [(x.astype(np.float64) - x_value.zero_point) * x_value.scale, w.quant.dequantise(w.data), bias]
    made: Array = ops[node.op].float(node, *(torch.from_numpy(np.asarray(r, np.float64)) for r in real)).numpy()
    return made
