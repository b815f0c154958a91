"""One-node graphs on int16 activations: those of int8 with other types and scales, and some of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lilliput.compiler.graph import Graph, Quant
from tests.runtime import test_conv2d, test_depthwise_conv2d, test_fully_connected
from tests.runtime.cases import CONSTANTS, PAIRS, POOLS
from tests.runtime.harness import single
from tests.runtime.weighted_cases import SAME3, conv, depthwise, weights_quant

Q = Quant.per_tensor
FINE, COARSE = Q(0.00031, 0), Q(0.00113, 0)
UNIT = Q(2.0**-15, 0)


def widened(graph: Graph, bias: str = "int64", gain: float = 1.0) -> Graph:
    """A layer of int8 on int16: scales finer by 256, the bias coarser by as much, the output finer by `gain` more."""
    (node,) = graph.nodes
    x, _, *biases = graph.ins(node)
    y = graph.values[node.output]
    changed = [replace(v, dtype="int16", quant=Q(v.scale / 256 / g, 0)) for v, g in ((x, 1.0), (y, gain))]
    for value in biases:
        assert value.data is not None
        changed.append(replace(value, dtype=bias, data=(value.data.astype(np.int64) * 256).astype(bias)))  # type: ignore[arg-type]
    return graph.replace(values={**graph.values, **{value.name: value for value in changed}})


def one(op: str, shape: tuple[int, ...], x: Quant = FINE, y: Quant | None = None, **attrs: object) -> Graph:
    return single(op, [(shape, "int16", x)], ("int16", y or x), **attrs)


def two(op: str, a: tuple[int, ...], b: tuple[int, ...], scales: tuple[Quant, Quant, Quant], **attrs: object) -> Graph:
    return single(op, [(a, "int16", scales[0]), (b, "int16", scales[1])], ("int16", scales[2]), **attrs)


def with_constant(op: str, shapes: tuple[tuple[int, ...], ...], y: Quant, x: Quant, *, first: bool) -> Graph:
    data = np.random.default_rng(7).integers(-32768, 32768, shapes[1]).astype(np.int16)
    graph = single(op, [(shapes[0], "int16", x)], ("int16", y), [(data, FINE)])
    (node,) = graph.nodes
    return graph.replace(nodes=[replace(node, inputs=node.inputs[::-1])]) if first else graph


LAYERS = [
    *map(
        widened,
        [
            *test_conv2d.POINTWISE, *test_conv2d.STEM, *test_conv2d.GENERAL, *test_depthwise_conv2d.THREE,
            *test_depthwise_conv2d.OTHERS, *test_fully_connected.LAYERS,
        ],
    ),
    *(widened(conv((5, 6), c, 5, padding=SAME3, seed=c), "int32") for c in (1, 4, 7)),
    *(widened(test_fully_connected.layer(c, 9), "int32") for c in (3, 40)),
    # Sums that leave 32 bits, and factors that no single instruction rounds.
    widened(conv((3, 4), 128, 6, (3, 3), lowest=-128)), widened(conv((3, 7), 1030, 5, (1, 1))),
    widened(test_fully_connected.layer(2050, 9)), widened(test_fully_connected.layer(1200, 3, bias=1 << 26), gain=0.05),
    widened(depthwise((20, 70), 3, (15, 64))),
    widened(conv((4, 4), 8, 6, (1, 1), gain=0.00001)), widened(conv((4, 4), 2, 6, (1, 1), gain=2000.0)),
    widened(depthwise((6, 6), 5, gain=300.0)), widened(test_fully_connected.layer(6, 5), gain=300.0),
    widened(depthwise((4, 9), 6, (4, 5), stride=(2, 3), padding=((3, 3), (4, 4)))),
    widened(depthwise((4, 9), 6, padding=((5, 0), (0, 4)))),
]  # fmt: skip
"""Each kernel's limits: tails, borders, sums of 32 and of 64 bits, both kinds of bias, short and long rounding."""

PAIR_SCALES = {
    "add": (FINE, COARSE, Q(0.00127, 0)),
    "sub": (COARSE, FINE, Q(0.0009, 0)),
    "mul": (FINE, COARSE, FINE),
    "squared_difference": (FINE, COARSE, Q(0.03, 0)),
}


def spread(stride: tuple[int, int], before: tuple[int, int], size: tuple[int, int], c_in: int = 5) -> Graph:
    rng = np.random.default_rng(c_in)
    w = rng.integers(-127, 128, (4, 3, 2, c_in)).astype(np.int8)
    constants = [(w, weights_quant(rng, 4, 0, True)), (rng.integers(-(1 << 20), 1 << 20, 4), None)]
    shapes = {"stride": stride, "before": before, "size": size, "activation": "none"}
    return single("transpose_conv2d", [((1, 4, 5, c_in), "int16", FINE)], ("int16", Q(0.0007, 0)), constants, **shapes)


def product(a: tuple[int, ...], b: tuple[int, ...], **attrs: bool) -> Graph:
    return two("batch_matmul", a, b, (FINE, COARSE, Q(0.05, 0)), **attrs)


CASES: dict[str, dict[str, Graph]] = {
    **{
        op: {k: one(op, (1, 5, 6, c), **a) for c, (k, a) in zip((4, 7, 3, 1), POOLS.items(), strict=True)}
        for op in ("avg_pool2d", "max_pool2d")
    },
    "mean": {
        "image": one("mean", (1, 5, 4, 6), FINE, COARSE, axes=(1, 2), keepdims=True),
        "rows": one("mean", (1, 5, 4, 3), FINE, FINE, axes=(1,), keepdims=False),
        "columns": one("mean", (1, 5, 4, 3), COARSE, FINE, axes=(2,), keepdims=True),
        "channels": one("mean", (1, 5, 4, 3), COARSE, FINE, axes=(3,), keepdims=True),
        "rows and channels": one("mean", (1, 5, 4, 3), COARSE, FINE, axes=(1, 3), keepdims=False),
        "everything": one("mean", (1, 5, 4, 3), COARSE, FINE, axes=(1, 2, 3), keepdims=False),
    },
    "softmax": {
        "classes": one("softmax", (1, 12), Q(0.0005, 0), UNIT),
        "steep": one("softmax", (1, 7), Q(0.05, 0), UNIT),
        "flat": one("softmax", (1, 10), Q(0.00001, 0), UNIT),
        "rows": one("softmax", (1, 2, 3, 5), Q(0.0002, 0), UNIT),
        "one": one("softmax", (1, 3, 1), Q(0.001, 0), UNIT),
        "many": one("softmax", (1, 3000), Q(0.0001, 0), UNIT),
    },
    **{
        op: {
            **{k: two(op, a, b, s) for k, (a, b) in PAIRS.items()},
            **{
                f"constant {k} {x.scale[0]}": with_constant(op, (a, b), s[2], x, first=f)
                for k, (a, b, f) in CONSTANTS.items()
                for x in (COARSE, Q(0.00011, 0))
            },
            "one scale": two(op, (1, 9), (1, 9), (FINE, FINE, FINE)),
            "far finer": two(op, (1, 9), (1, 9), (Q(1e-12, 0), COARSE, COARSE)),
        }
        for op, s in PAIR_SCALES.items()
    },
    **{
        op: {k: two(op, a, b, (FINE, FINE, FINE)) for k, (a, b) in PAIRS.items()}
        | {f"constant {k}": with_constant(op, (a, b), FINE, FINE, first=f) for k, (a, b, f) in CONSTANTS.items()}
        for op in ("maximum", "minimum")
    },
    "clamped": {op: two(op, (1, 9), (1, 9), PAIR_SCALES[op], activation="relu") for op in ("add", "sub", "mul")},
    "abs": {"same": one("abs", (1, 259)), "other": one("abs", (1, 40), COARSE, FINE)},
    "resize": {"nearest": one("resize", (1, 3, 4, 5), size=(7, 6), mode="nearest")},
    "requantize": {
        "same type": one("requantize", (1, 259), FINE, COARSE, dtype="int16"),
        "from int8": single("requantize", [((1, 40), "int8", Q(0.05, 3))], ("int16", FINE), dtype="int16"),
        "to int8": single("requantize", [((1, 40), "int16", FINE)], ("int8", Q(0.05, 3)), dtype="int8"),
        "from int32": single("requantize", [((1, 40), "int32", Q(2.0**-22, 0))], ("int16", COARSE), dtype="int16"),
        "to int32": single("requantize", [((1, 40), "int16", FINE)], ("int32", Q(1e-7, 0)), dtype="int32"),
    },
    "sum": {
        "image": one("sum", (1, 5, 4, 6), FINE, COARSE, axes=(1, 2), keepdims=True),
        "channels": one("sum", (1, 5, 4, 3), COARSE, COARSE, axes=(3,), keepdims=False),
    },
    "transpose_conv2d": {
        "twice": spread((2, 2), (0, 0), (9, 10)),
        "cut": spread((2, 3), (1, 1), (6, 9)),
        "beyond": spread((1, 1), (0, 0), (8, 9), c_in=300),
    },
    "batch_matmul": {
        "plain": product((1, 3, 40), (1, 40, 5)),
        "turned": product((1, 40, 3), (1, 5, 40), transpose_a=True, transpose_b=True),
        "batch": product((1, 2, 3, 7), (1, 1, 7, 2)),
    },
    "relu": {"same": one("relu", (1, 259)), "other": one("relu", (1, 3, 3), COARSE, FINE)},
    "relu6": {"same": one("relu6", (1, 259)), "other": one("relu6", (1, 3, 3), COARSE, FINE)},
    "leaky_relu": {
        "same": one("leaky_relu", (1, 259), alpha=0.3),
        "other": one("leaky_relu", (1, 40), COARSE, FINE, alpha=0.1),
        "rectifier": one("leaky_relu", (1, 40), alpha=0.0),
        "steeper": one("leaky_relu", (1, 40), COARSE, FINE, alpha=1.5),
    },
    **{
        op: {
            str(scale): one(op, (1, 300), Q(scale, 0), UNIT)
            for scale in (2.0**-12, 2.0**-11, 2.0**-13, 0.0003, 0.002, 0.7, 4.0, 1e-9)
        }
        for op in ("sigmoid", "tanh")
    },
}
