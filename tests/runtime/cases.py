"""One-node graphs of every operator without weights, over shapes, scales, zero points and attributes.

They serve twice: the generated C is held to the integer reference, and the reference to the float meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lilliput.compiler.graph import Array, Graph, Node, Quant, Value
from tests.runtime.graphs import COARSE, FINE, HIGH, LOW, PROBABILITY, Q, one
from tests.runtime.harness import single
from tests.runtime.more_cases import MORE


def two(op: str, a: tuple[int, ...], b: tuple[int, ...], **attrs: Any) -> Graph:
    """A node with two activations of different scales."""
    return single(op, [(a, "int8", FINE), (b, "int8", COARSE)], ("int8", Q(0.127, -9)), **attrs)


def with_constant(op: str, a: tuple[int, ...], b: tuple[int, ...], *, first: bool = False, **attrs: Any) -> Graph:
    """A node with an activation and a constant, the constant first where `first` says so."""
    data = np.random.default_rng(len(a) * 100 + sum(b)).integers(-128, 128, b).astype(np.int8)
    graph = single(op, [(a, "int8", COARSE)], ("int8", Q(0.127, -9)), [(data, FINE)], **attrs)
    if not first:
        return graph
    (node,) = graph.nodes
    return graph.replace(nodes=[replace(node, inputs=node.inputs[::-1])])


def joined(shapes: Sequence[tuple[int, ...]], scales: Sequence[Quant], axis: int) -> Graph:
    """A concatenation; y is quantised `FINE`."""
    inputs = [(shape, "int8", quant) for shape, quant in zip(shapes, scales, strict=True)]
    return single("concat", inputs, ("int8", FINE), axis=axis)


def side_by_side(graphs: Mapping[str, Graph]) -> Graph:
    """One graph that runs them all, so that one compilation serves many cases."""
    values: dict[str, Value] = {}
    nodes: list[Node] = []
    for key, graph in graphs.items():
        values |= {f"{key}.{name}": replace(v, name=f"{key}.{name}") for name, v in graph.values.items()}
        for node in graph.nodes:
            inputs, outputs = (tuple(f"{key}.{name}" for name in names) for names in (node.inputs, node.outputs))
            nodes.append(replace(node, name=f"{key}.{node.name}", inputs=inputs, outputs=outputs))
    ends = [tuple(f"{k}.{n}" for k, g in graphs.items() for n in names(g)) for names in (_inputs, _outputs)]
    return Graph("side by side", values, tuple(nodes), *ends)


def _inputs(graph: Graph) -> tuple[str, ...]:
    return graph.inputs


def _outputs(graph: Graph) -> tuple[str, ...]:
    return graph.outputs


def dequantised(value: Value, codes: Array) -> Array:
    """float32; truth values as they are."""
    if value.dtype == "bool":
        return codes
    assert value.quant is not None
    return value.quant.dequantise(codes)


NONE = ((0, 0), (0, 0))
POOLS = {
    "2x2": {"window": (2, 2), "stride": (2, 2), "padding": NONE},
    "3x3 padded": {"window": (3, 3), "stride": (2, 2), "padding": ((1, 1), (1, 1))},
    "uneven": {"window": (2, 3), "stride": (1, 2), "padding": ((1, 0), (0, 2)), "activation": "relu"},
    "all": {"window": (5, 6), "stride": (1, 1), "padding": NONE, "activation": "relu6"},
}
PAIRS = {
    "vectors": ((1, 13), (1, 13)),
    "images": ((1, 3, 2, 5), (1, 3, 2, 5)),
    "channels": ((1, 3, 2, 5), (1, 1, 1, 5)),
    "channels first": ((1, 1, 1, 5), (1, 3, 2, 5)),
    "columns": ((1, 3, 4, 5), (1, 3, 1, 5)),
    "rows and columns": ((1, 3, 1, 5), (1, 1, 4, 1)),
    "one": ((1, 6, 5), (1, 1, 1)),
}
CONSTANTS = {
    "scalar": ((1, 3, 2, 5), (1,), False),
    "scalar first": ((1, 3, 2, 5), (1, 1, 1, 1), True),
    "channels": ((1, 3, 2, 5), (1, 1, 1, 5), False),
    "channels first": ((1, 3, 2, 5), (5,), True),
    "whole": ((1, 3, 2, 5), (1, 3, 2, 5), False),
    "stretched": ((1, 1, 2, 5), (1, 3, 1, 5), True),
}
FUNCTIONS = {
    "hard_sigmoid": PROBABILITY,
    "hard_swish": Q(0.031, -115),
    "sigmoid": PROBABILITY,
    "silu": Q(0.025, -117),
    "tanh": Q(1 / 128, 0),
    "exp": Q(0.9, -128),
}

CASES: dict[str, dict[str, Graph]] = {
    "avg_pool2d": {
        **{k: one("avg_pool2d", (1, 5, 6, c), **a) for c, (k, a) in zip((4, 7, 3, 1), POOLS.items(), strict=True)},
        "low": one("avg_pool2d", (1, 4, 4, 9), LOW, window=(4, 3), stride=(1, 1), padding=((3, 3), (2, 2))),
    },
    "max_pool2d": {
        **{k: one("max_pool2d", (1, 5, 6, c), **a) for c, (k, a) in zip((4, 7, 3, 1), POOLS.items(), strict=True)},
        "low": one("max_pool2d", (1, 4, 4, 9), LOW, window=(4, 3), stride=(1, 1), padding=((3, 3), (2, 2))),
    },
    "mean": {
        "image": one("mean", (1, 5, 4, 6), LOW, COARSE, axes=(1, 2), keepdims=True),
        "image flat": one("mean", (1, 7, 3, 9), HIGH, FINE, axes=(1, 2), keepdims=False),
        "rows": one("mean", (1, 5, 4, 3), FINE, FINE, axes=(1,), keepdims=False),
        "columns": one("mean", (1, 5, 4, 3), FINE, HIGH, axes=(2,), keepdims=True),
        "channels": one("mean", (1, 5, 4, 3), COARSE, LOW, axes=(3,), keepdims=True),
        "rows and channels": one("mean", (1, 5, 4, 3), COARSE, LOW, axes=(1, 3), keepdims=False),
        "everything": one("mean", (1, 5, 4, 3), COARSE, Q(0.01, 3), axes=(1, 2, 3), keepdims=False),
        "sequence": one("mean", (1, 9, 5), COARSE, FINE, axes=(1,), keepdims=False),
        "larger scale": one("mean", (1, 3, 2), COARSE, Q(0.002, 0), axes=(1,), keepdims=False),
        "nothing": one("mean", (1, 1, 1, 4), COARSE, COARSE, axes=(1, 2), keepdims=False),
    },
    "pad": {
        "image": one("pad", (1, 3, 4, 2), padding=((0, 0), (1, 2), (0, 3), (0, 0)), value=0.0),
        "channels": one("pad", (1, 3, 4, 2), padding=((0, 0), (1, 0), (2, 1), (3, 1)), value=0.0),
        "constant": one("pad", (1, 3, 4), padding=((0, 0), (2, 0), (0, 1)), value=-1.5),
        "vector": one("pad", (1, 5), LOW, padding=((0, 0), (2, 1)), value=1.0),
        "nothing": one("pad", (1, 5), padding=((0, 0), (0, 0)), value=1.0),
    },
    "transpose": {
        "0312": one("transpose", (1, 3, 4, 5), perm=(0, 3, 1, 2)),
        "0231": one("transpose", (1, 3, 4, 5), perm=(0, 2, 3, 1)),
        "0213": one("transpose", (1, 3, 4, 5), perm=(0, 2, 1, 3)),
        "0321": one("transpose", (1, 3, 4, 5), perm=(0, 3, 2, 1)),
        "021": one("transpose", (1, 7, 5), perm=(0, 2, 1)),
        "ones": one("transpose", (1, 1, 4, 5), perm=(0, 2, 1, 3)),
        "identity": one("transpose", (1, 7), perm=(0, 1)),
    },
    "reshape": {
        "flat": one("reshape", (1, 3, 4, 5), shape=(1, 60)),
        "image": one("reshape", (1, 60), shape=(1, 4, 15, 1)),
    },
    "softmax": {
        "classes": one("softmax", (1, 12), Q(0.0947, 11), PROBABILITY),
        "steep": one("softmax", (1, 7), Q(0.9, -128), PROBABILITY),
        "flat": one("softmax", (1, 10), Q(0.0009, 3), PROBABILITY),
        "rows": one("softmax", (1, 2, 3, 5), Q(0.21, 0), PROBABILITY),
        "one": one("softmax", (1, 3, 1), Q(0.21, 0), PROBABILITY),
        "many": one("softmax", (1, 700), Q(0.02, 0), PROBABILITY),
    },
    **{
        op: {
            **{k: two(op, a, b) for k, (a, b) in PAIRS.items()},
            **{f"constant {k}": with_constant(op, a, b, first=f) for k, (a, b, f) in CONSTANTS.items()},
            "relu": two(op, (1, 9), (1, 9), activation="relu"),
            "relu6": two(op, (1, 3, 5), (1, 1, 5), activation="relu6"),
        }
        for op in ("add", "sub", "mul")
    },
    **{
        op: {"same": one(op, (1, 3, 3)), "other": one(op, (1, 259), COARSE, LOW), "low": one(op, (1, 5), LOW, LOW)}
        for op in ("relu", "relu6")
    },
    **{
        op: {"wide": one(op, (1, 4, 64), Q(0.0471, 3), y), "steep": one(op, (1, 7), Q(1.3, -20), y)}
        for op, y in FUNCTIONS.items()
    },
    "gelu": {
        "exact": one("gelu", (1, 256), FINE, LOW, approximate="none"),
        "tanh": one("gelu", (1, 256), FINE, Q(0.02, -100), approximate="tanh"),
    },
    "leaky_relu": {
        "same": one("leaky_relu", (1, 256), FINE, FINE, alpha=0.1),
        "other": one("leaky_relu", (1, 256), COARSE, Q(0.06, 9), alpha=0.3),
        "rectifier": one("leaky_relu", (1, 256), COARSE, Q(0.06, 9), alpha=0),
        "steeper": one("leaky_relu", (1, 256), COARSE, COARSE, alpha=1.5),
    },
    "elu": {
        "one": one("elu", (1, 256), FINE, Q(0.017, -70), alpha=1.0),
        "half": one("elu", (1, 256), COARSE, Q(0.08, -120), alpha=0.5),
    },
    "requantize": {
        "finer": one("requantize", (1, 3, 3), COARSE, FINE),
        "coarser": one("requantize", (1, 259), FINE, HIGH),
        "same": one("requantize", (1, 5), FINE, FINE),
        "far finer": one("requantize", (1, 9), Q(900.0, 3), Q(1e-6, 3)),
        "unsigned": single("requantize", [((1, 7), "uint8", Q(0.031, 132))], ("int8", Q(0.031, 4))),
        "unsigned other": single("requantize", [((1, 6, 2), "uint8", Q(0.5, 0))], ("int8", Q(0.7, -100))),
        "wide": single("requantize", [((1, 257), "int16", Q(0.0004, 0))], ("int8", Q(0.11, 5))),
        "wide offset": single("requantize", [((1, 8), "int16", Q(0.5, -2000))], ("int8", Q(0.09, 5))),
    },
    "slice": {
        "window": one("slice", (1, 5, 6, 3), begin=(0, 1, 2, 0), end=(1, 4, 6, 3), strides=(1, 1, 1, 1)),
        "strides": one("slice", (1, 5, 6, 3), begin=(0, 0, 1, 0), end=(1, 5, 6, 3), strides=(1, 2, 3, 2)),
        "channel": one("slice", (1, 5, 6, 3), begin=(0, 0, 0, 1), end=(1, 5, 6, 2), strides=(1, 1, 1, 1)),
        "rows": one("slice", (1, 7, 4), begin=(0, 2, 0), end=(1, 7, 4), strides=(1, 1, 1)),
        "head": one("slice", (1, 9), begin=(0, 0), end=(1, 4), strides=(1, 1)),
        "every third": one("slice", (1, 10), begin=(0, 0), end=(1, 10), strides=(1, 3)),
        "whole": one("slice", (1, 9), begin=(0, 0), end=(1, 9), strides=(1, 1)),
    },
    "concat": {
        "channels": joined([(1, 3, 2, 4), (1, 3, 2, 5)], [FINE, FINE], 3),
        "scales": joined([(1, 3, 2, 4), (1, 3, 2, 5), (1, 3, 2, 1)], [COARSE, FINE, LOW], 3),
        "rows": joined([(1, 1, 6), (1, 4, 6), (1, 2, 6), (1, 1, 6)], [FINE, COARSE, FINE, HIGH], 1),
        "five": joined([(1, 2), (1, 7), (1, 1), (1, 3), (1, 5)], [FINE, FINE, COARSE, FINE, FINE], 1),
        "eight": joined([(1, 2, n, 3) for n in range(1, 9)], [FINE, LOW] * 4, 2),
        "one": joined([(1, 2)], [COARSE], 1),
    },
    "resize": {
        f"{mode} {name} {'x'.join(map(str, size))}": one(
            "resize",
            (1, *source, 3),
            size=size,
            mode=mode,
            align_corners=name == "corners",
            half_pixel_centers=name == "half",
        )
        for mode in ("nearest", "bilinear")
        for name in ("plain", "corners", "half")
        for source, size in (((4, 5), (8, 10)), ((5, 7), (3, 2)), ((1, 3), (4, 1)), ((3, 2), (7, 9)), ((2, 1), (90, 1)))
    },
    **MORE,
}
"""Operator → case → graph."""
