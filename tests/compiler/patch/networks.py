"""Random small integer networks whose first layers slide over an image, and the same layers one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lilliput.compiler.graph import Array, Graph, Node, Quant, Value
from lilliput.compiler.ops import ops

Pads = tuple[tuple[int, int], tuple[int, int]]


@dataclass
class Net:
    """A network in the making; each method adds a layer and gives its output's name."""

    height: int
    width: int
    channels: int
    seed: int = 0
    values: dict[str, Value] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.values["x"] = Value("x", (1, self.height, self.width, self.channels), "int8", Quant.per_tensor(0.05, -7))

    def conv(
        self, x: str, channels: int, kernel: tuple[int, int], *, stride: int = 1, pads: Pads = ((0, 0), (0, 0)),
        dilation: int = 1, activation: str = "none",
    ) -> str:  # fmt: skip
        weights = self.rng.integers(-127, 128, (channels, *kernel, self.values[x].shape[3])).astype(np.int8)
        return self._weighted("conv2d", x, weights, 0, stride, pads, dilation, activation)

    def depthwise(
        self, x: str, kernel: tuple[int, int], *, stride: int = 1, pads: Pads = ((0, 0), (0, 0)), dilation: int = 1,
        activation: str = "relu6",
    ) -> str:  # fmt: skip
        weights = self.rng.integers(-127, 128, (1, *kernel, self.values[x].shape[3])).astype(np.int8)
        return self._weighted("depthwise_conv2d", x, weights, 3, stride, pads, dilation, activation)

    def pool(self, op: str, x: str, window: tuple[int, int], *, stride: int = 1, pads: Pads = ((0, 0), (0, 0))) -> str:
        attrs = {"window": window, "stride": (stride, stride), "padding": pads}
        return self._add(op, (x,), self.values[x].quant, **attrs)

    def pad(self, x: str, pads: Pads) -> str:
        return self._add("pad", (x,), self.values[x].quant, padding=((0, 0), *pads, (0, 0)))

    def add(self, a: str, b: str) -> str:
        return self._add("add", (a, b), Quant.per_tensor(self.values[a].scale * 1.5, -3))

    def concat(self, *x: str) -> str:
        return self._add("concat", x, self.values[x[0]].quant, axis=3)

    def unary(self, op: str, x: str, **attrs: Any) -> str:
        return self._add(op, (x,), Quant.per_tensor(self.values[x].scale * 0.8, 11), **attrs)

    def mean(self, x: str) -> str:
        return self._add("mean", (x,), Quant.per_tensor(self.values[x].scale / 3, -20), axes=(1, 2), keepdims=False)

    def graph(self, *outputs: str, name: str = "net") -> Graph:
        return Graph(name, self.values, tuple(self.nodes), ("x",), outputs).replace()

    def _weighted(
        self, op: str, x: str, weights: Array, axis: int, stride: int, pads: Pads, dilation: int, activation: str
    ) -> str:
        value, name = self.values[x], f"{op}{len(self.nodes)}"
        channels = weights.shape[axis]
        scales = self.rng.uniform(0.002, 0.006, channels).astype(np.float32)
        # Biases above zero: with ReLU behind them, a position outside the map would not come out as zero.
        bias = self.rng.integers(0, 9000, channels).astype(np.int32)
        per_channel = Quant(tuple(float(s) for s in scales), (0,) * channels, axis)
        self.values[f"{name} w"] = Value(f"{name} w", weights.shape, "int8", per_channel, weights)
        self.values[f"{name} b"] = Value(f"{name} b", bias.shape, "int32", None, bias)
        taps = weights.size // channels
        out = Quant.per_tensor(value.scale * 0.004 * 70 * max(taps, 1) ** 0.5 / 1.2, int(self.rng.integers(-40, 40)))
        attrs = {
            "stride": (stride, stride),
            "padding": pads,
            "dilation": (dilation, dilation),
            "activation": activation,
        }
        return self._add(op, (x, f"{name} w", f"{name} b"), out, name, **attrs)

    def _add(self, op: str, inputs: tuple[str, ...], quant: Quant | None, name: str = "", **attrs: Any) -> str:
        name = name or f"{op}{len(self.nodes)}"
        node = Node(op, name, inputs, (f"{name} out",), attrs)
        shape, dtype = ops[op].infer(node, [self.values[i] for i in inputs])
        self.values[node.output] = Value(node.output, shape, dtype, quant)
        self.nodes.append(node)
        return node.output


def bottlenecks(
    side: int = 20, blocks: tuple[tuple[int, int, int], ...] = ((4, 3, 2), (4, 3, 1)), seed: int = 0
) -> Net:
    """A strided stem, then inverted bottlenecks (channels, kernel, stride), residual where the shape stays."""
    net = Net(side, side, 3, seed)
    x = net.conv("x", 4, (3, 3), stride=2, pads=((1, 1), (1, 1)), activation="relu6")
    for channels, kernel, stride in blocks:
        pad = kernel // 2
        wide = net.conv(x, 3 * net.values[x].shape[3], (1, 1), activation="relu6")
        deep = net.depthwise(wide, (kernel, kernel), stride=stride, pads=((pad, pad), (pad, pad)))
        made = net.conv(deep, channels, (1, 1))
        x = net.add(x, made) if stride == 1 and net.values[x].shape[3] == channels else made
    return net


def random_net(seed: int) -> tuple[Graph, str]:
    """A network, and the name of a layer up to which it can run by patches."""
    rng = np.random.default_rng(seed)
    net = Net(int(rng.integers(9, 24)), int(rng.integers(9, 24)), int(rng.integers(1, 6)), seed)
    x, split = "x", ""
    for _ in range(int(rng.integers(2, 5))):
        x = _random_layer(net, x, rng)
        if min(net.values[x].shape[1:3]) < 2:
            break
        split = net.nodes[-1].name
    if not split:
        return random_net(seed + 1000)
    end = next(node for node in net.nodes if node.name == split).output
    net.nodes = net.nodes[: [node.name for node in net.nodes].index(split) + 1]
    behind = net.conv(end, 5, (1, 1), activation="relu")
    return net.graph(net.mean(behind), behind, name=f"net{seed}"), split


def _random_layer(net: Net, x: str, rng: np.random.Generator) -> str:
    _, height, width, channels = net.values[x].shape
    kernel = tuple(int(rng.integers(1, min(8, size + 1))) for size in (height, width))
    stride = int(rng.integers(1, 3))
    pads = tuple(tuple(int(rng.integers(0, k)) for _ in range(2)) for k in kernel)
    kind = rng.choice(["conv", "conv", "depthwise", "depthwise", "pool", "pad", "residual", "branches", "unary"])
    activation = str(rng.choice(["none", "relu", "relu6"]))
    if kind == "conv":
        return net.conv(x, int(rng.integers(1, 9)), kernel, stride=stride, pads=pads, activation=activation)
    if kind == "depthwise":
        return net.depthwise(x, kernel, stride=stride, pads=pads, activation=activation)
    if kind == "pool":
        return net.pool(str(rng.choice(["avg_pool2d", "max_pool2d"])), x, kernel, stride=stride, pads=pads)
    if kind == "pad":
        return net.conv(net.pad(x, pads), 4, (min(height, 3), min(width, 3)), stride=stride, activation=activation)
    if kind == "unary":
        return net.conv(net.unary("tanh", x), channels + 1, kernel, pads=pads)
    odd = 2 * int(rng.integers(0, 3)) + 1
    if odd > min(height, width):
        odd = 1
    same = ((odd // 2, odd // 2), (odd // 2, odd // 2))
    made = net.depthwise(net.conv(x, 2 * channels, (1, 1), activation="relu6"), (odd, odd), pads=same)
    if kind == "residual":
        return net.add(x, net.conv(made, channels, (1, 1)))
    return net.concat(
        net.conv(x, 3, (1, 1)), net.conv(made, 2, (1, 1)), net.pool("max_pool2d", x, (odd, odd), pads=same)
    )
