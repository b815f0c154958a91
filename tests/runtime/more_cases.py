"""One-node graphs of the operators that `cases` leaves out: functions, pairs, reductions, copies, products."""

from __future__ import annotations

from typing import Any

import numpy as np

from lilliput.compiler.graph import Graph, Quant
from tests.runtime.graphs import COARSE, FINE, LOW, Q, one
from tests.runtime.harness import single

POSITIVE = Q(0.031, -128)
"""Of values from 0 up."""


def same(op: str, a: tuple[int, ...], b: tuple[int, ...], q: Quant = FINE, **attrs: Any) -> Graph:
    """Two activations and a result of one scale."""
    return single(op, [(a, "int8", q), (b, "int8", q)], ("int8", q), **attrs)


def pair(op: str, a: tuple[int, ...], b: tuple[int, ...], y: Quant, **attrs: Any) -> Graph:
    """Two activations of different scales."""
    return single(op, [(a, "int8", FINE), (b, "int8", COARSE)], ("int8", y), **attrs)


def picked(shape: tuple[int, ...], index: Any, **attrs: int) -> Graph:
    """A gather with a constant index."""
    return single("gather", [(shape, "int8", FINE)], ("int8", FINE), [(np.array(index, np.int32), None)], **attrs)


def partly(shape: tuple[int, ...], present: tuple[int, ...], x: Quant) -> Graph:
    """A softmax over what is present."""
    return single("masked_softmax", [(shape, "int8", x), (present, "bool", None)], ("int8", Q(1 / 256, -128)))


def spread(shape: tuple[int, ...], w: tuple[int, ...], y: Quant, **attrs: Any) -> Graph:
    """A transposed convolution."""
    rng = np.random.default_rng(sum(w))
    weights = rng.integers(-127, 128, w).astype(np.int8)
    scales = Quant(tuple(float(np.float32(s)) for s in rng.uniform(0.001, 0.01, w[0])), (0,) * w[0], 0)
    bias = rng.integers(-1000, 1000, w[0]).astype(np.int32)
    products = Quant(tuple(float(np.float32(s * FINE.scale[0])) for s in scales.scale), (0,) * w[0], 0)
    return single(
        "transpose_conv2d", [(shape, "int8", FINE)], ("int8", y), [(weights, scales), (bias, products)], **attrs
    )


def normalised(shape: tuple[int, ...], x: Quant, y: Quant) -> Graph:
    """A layer normalisation."""
    rng = np.random.default_rng(shape[-1])
    gamma, beta = rng.uniform(-1.5, 1.5, (2, shape[-1])).astype(np.float32)
    return single("layer_norm", [(shape, "int8", x)], ("int8", y), [(gamma, None), (beta, None)], eps=1e-5)


FUNCTIONS = {
    "abs": (FINE, LOW), "neg": (FINE, COARSE), "square": (FINE, Q(0.06, -128)), "sqrt": (POSITIVE, Q(0.012, -128)),
    "log": (Q(0.031, -128), Q(0.03, 20)), "sin": (FINE, Q(1 / 127, 0)), "cos": (FINE, Q(1 / 127, 0)),
    "erf": (FINE, Q(1 / 127, 0)), "softplus": (FINE, LOW), "softsign": (FINE, Q(1 / 127, 0)), "mish": (FINE, LOW),
    "reciprocal": (POSITIVE, Q(0.3, -128)), "floor": (FINE, FINE),
    "ceil": (COARSE, COARSE), "round": (COARSE, FINE), "sign": (FINE, Q(1 / 64, 5)),
}  # fmt: skip

MORE: dict[str, dict[str, Graph]] = {
    **{op: {"all": one(op, (1, 256), x, y), "few": one(op, (1, 3, 5), x, y)} for op, (x, y) in FUNCTIONS.items()},
    "rsqrt": {"wide": one("rsqrt", (1, 256), POSITIVE, Q(0.025, -128))},
    "clip": {
        "one": one("clip", (1, 256), FINE, FINE, low=-1.0, high=1.0),
        "other": one("clip", (1, 256), COARSE, FINE, low=0.5, high=2.5),
    },
    "power": {
        "cube": one("power", (1, 256), Q(0.02, 0), Q(0.13, 0), exponent=3.0),
        "root": one("power", (1, 256), POSITIVE, LOW, exponent=0.5),
    },
    **{
        op: {
            "vectors": same(op, (1, 13), (1, 13)),
            "channels": same(op, (1, 3, 2, 5), (1, 1, 1, 5)),
            "in turns": same(op, (1, 3, 1, 5, 1), (1, 1, 4, 1, 2)),
        }
        for op in ("maximum", "minimum")
    },
    "squared_difference": {
        "vectors": pair("squared_difference", (1, 90), (1, 90), Q(0.9, -128)),
        "channels": pair("squared_difference", (1, 3, 5), (1, 1, 5), Q(1.7, -100)),
    },
    "prelu": {
        "channels": pair("prelu", (1, 3, 2, 5), (1, 1, 1, 5), Q(0.4, 2)), "all": pair("prelu", (1, 256), (1, 1), FINE)
    },
    "sum": {
        "image": one("sum", (1, 5, 4, 6), FINE, Q(0.6, 3), axes=(1, 2), keepdims=True),
        "in turns": one("sum", (1, 3, 2, 3, 2, 3), FINE, Q(0.3, 3), axes=(1, 3, 5), keepdims=False),
    },
    **{
        op: {
            "rows": one(op, (1, 5, 4, 6), axes=(1,), keepdims=False),
            "channels": one(op, (1, 5, 4, 6), axes=(1, 3), keepdims=True),
        }
        for op in ("reduce_max", "reduce_min")
    },
    "cumsum": {
        "rows": one("cumsum", (1, 5, 4), FINE, Q(0.11, -9), axis=1),
        "backwards": one("cumsum", (1, 5, 4), FINE, Q(0.11, -9), axis=2, exclusive=True, reverse=True),
    },
    "add_n": {"three": single("add_n", [((1, 3, 5), "int8", FINE)] * 3, ("int8", Q(0.08, 4)))},
    "batch_matmul": {
        "heads": pair("batch_matmul", (1, 3, 4, 5), (1, 3, 5, 6), Q(0.2, 3)),
        "turned": pair("batch_matmul", (1, 3, 5, 4), (1, 1, 6, 5), Q(0.2, 3), transpose_a=True, transpose_b=True),
    },
    "l2_normalization": {"rows": one("l2_normalization", (1, 4, 30), FINE, Q(1 / 128, 0))},
    "log_softmax": {"rows": one("log_softmax", (1, 4, 9), Q(0.07, 3), Q(1 / 16, 127))},
    "masked_softmax": {
        "one mask": partly((1, 2, 6, 5), (1, 1, 1, 5), Q(0.21, 0)),
        "each row": partly((1, 2, 6, 5), (1, 2, 6, 5), Q(0.0947, 11)),
        "each query": partly((1, 2, 6, 5), (1, 1, 6, 5), Q(0.0947, 11)),
        "steep": partly((1, 9), (1, 9), Q(0.9, -128)),
        "many": partly((1, 3, 700), (1, 1, 700), Q(0.02, 0)),
    },
    "layer_norm": {
        "rows": normalised((1, 5, 24), FINE, Q(0.03, 4)),
        "many": normalised((1, 2, 700), COARSE, Q(0.05, -20)),
        "one": normalised((1, 3, 1), FINE, FINE),
    },
    "tile": {"twice": one("tile", (1, 3, 2), repeats=(1, 2, 3))},
    "broadcast_to": {"image": one("broadcast_to", (1, 3, 1, 2), shape=(1, 3, 4, 2))},
    "reverse": {"rows": one("reverse", (1, 3, 4), axes=(1, 2))},
    "gather": {
        "rows": picked((1, 5, 4), [0, 4, 4, 2], axis=1, batch=0, depth=0),
        "places": picked((1, 3, 4, 2), [[0, 2, 1], [0, 0, 3]], axis=0, batch=0, depth=3),
    },
    "transpose_conv2d": {
        "doubled": spread((1, 3, 4, 5), (6, 3, 3, 5), Q(0.03, 7), stride=(2, 2), before=(0, 0), size=(6, 8)),
        "cut": spread((1, 2, 3, 4), (3, 4, 2, 4), LOW, stride=(1, 3), before=(1, 1), size=(6, 9), activation="relu"),
    },
}  # fmt: skip
"""Operator → case → graph."""
