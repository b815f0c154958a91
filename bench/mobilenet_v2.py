"""MobileNetV2 of any width and image as an int8 graph with random weights, where speed is asked for and not accuracy.

Paper   MobileNetV2: Inverted Residuals and Linear Bottlenecks (arXiv:1801.04381), table 2
Scales  from one random image that is carried through the network, so that codes spread over their range
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.graph import Graph, Quant, Value
from lilliput.compiler.ops import ops

BOTTLENECKS = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip
"""Expansion, channels, repeats, stride of the first."""


def mobilenet_v2(width: float, image: int, classes: int = 1000) -> Graph:
    """The int8 graph, (1, image, image, 3) to (1, classes) before softmax."""
    made = _Maker(f"mobilenet_v2_{width}_{image}")
    x = made.start(image)
    x = made.conv(x, _whole(32 * width), kernel=3, stride=2)
    for expansion, channels, repeats, stride in BOTTLENECKS:
        for i in range(repeats):
            x = made.bottleneck(x, expansion, _whole(channels * width), stride if i == 0 else 1)
    x = made.conv(x, _whole(1280 * max(width, 1.0)))
    x = made.node("mean", [x], axes=(1, 2), keepdims=False)
    x = made.weighted("fully_connected", x, (classes, made.builder.shape(x)[1]), 0)
    return made.builder.graph([x])


def _whole(channels: float) -> int:
    """To multiples of 8, never more than a tenth below, as the paper's code does."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


@dataclass
class _Maker:
    """Adds nodes and carries one image along; `real` maps a value to what it stands for."""

    name: str
    builder: GraphBuilder = field(init=False)
    real: dict[str, torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.builder = GraphBuilder(self.name)
        self.rng = np.random.default_rng(0)

    def start(self, image: int) -> str:
        name = self.builder.input(Value("image", (1, image, image, 3), "int8", Quant.per_tensor(1 / 128, -1)))
        self.real[name] = torch.from_numpy(self.rng.uniform(-1, 1, (1, image, image, 3)).astype(np.float32))
        return name

    def bottleneck(self, x: str, expansion: int, channels: int, stride: int) -> str:
        c_in = self.builder.shape(x)[3]
        y = x if expansion == 1 else self.conv(x, expansion * c_in)
        y = self.depthwise(y, stride)
        y = self.conv(y, channels, activation="none")
        return self.node("add", [x, y], activation="none") if stride == 1 and channels == c_in else y

    def conv(self, x: str, channels: int, *, kernel: int = 1, stride: int = 1, activation: str = "relu6") -> str:
        shape = (channels, kernel, kernel, self.builder.shape(x)[3])
        return self.weighted("conv2d", x, shape, 0, **self._window(x, kernel, stride), activation=activation)

    def depthwise(self, x: str, stride: int) -> str:
        shape = (1, 3, 3, self.builder.shape(x)[3])
        return self.weighted("depthwise_conv2d", x, shape, 3, **self._window(x, 3, stride), activation="relu6")

    def weighted(self, op: str, x: str, shape: tuple[int, ...], axis: int, **attrs: object) -> str:
        codes = np.clip(np.round(self.rng.normal(0, 40, shape)), -127, 127).astype(np.int8)
        channels, taps = shape[axis], codes.size // shape[axis]
        scales = self.rng.uniform(0.8, 1.2, channels).astype(np.float32) * np.float32(1.7 / 40 / taps**0.5)
        quant = Quant(tuple(float(s) for s in scales), (0,) * channels, axis)
        bias_scales = scales.astype(np.float64) * self.builder.values[x].scale
        bias = np.round(self.rng.normal(0.3, 0.2, channels) / bias_scales).astype(np.int32)
        names = [self.builder.constant("w", codes, quant), self.builder.constant("b", bias)]
        self.real[names[0]] = torch.from_numpy(quant.dequantise(codes))
        self.real[names[1]] = torch.from_numpy((bias * bias_scales).astype(np.float32))
        return self.node(op, [x, *names], **attrs)

    def node(self, op: str, inputs: list[str], **attrs: object) -> str:
        name = self.builder.node(op, op, inputs, **attrs)
        made = ops[op].float(self.builder.nodes[-1], *(self.real[i] for i in inputs))
        self.real[name] = made
        low, high = min(float(made.min()), 0.0), max(float(made.max()), 1e-3)
        scale = (high - low) / 255
        quant = Quant.per_tensor(scale, int(np.clip(round(-128 - low / scale), -128, 127)))
        self.builder.values[name] = replace(self.builder.values[name], dtype="int8", quant=quant)
        return name

    def _window(self, x: str, kernel: int, stride: int) -> dict[str, object]:
        size = self.builder.shape(x)[1]
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pads = (total // 2, total - total // 2)
        return {"stride": (stride, stride), "padding": (pads, pads), "dilation": (1, 1)}
