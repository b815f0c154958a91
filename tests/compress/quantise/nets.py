"""Small float graphs and real data for the tests of this folder."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from lilliput.compiler.builder import GraphBuilder
from lilliput.compiler.graph import Array, Graph, Value
from lilliput.compiler.interpret import run_float
from lilliput.train.data import Tensors, TrainData


def dense(layers: Sequence[tuple[Any, Any]], activations: Sequence[str], name: str = "dense") -> Graph:
    """Fully connected layers fc0, fc1, … with weights w0, … and biases b0, …, input x."""
    build = GraphBuilder(name)
    value = build.input(Value("x", (1, np.shape(layers[0][0])[1]), "float32"))
    for index, ((w, b), activation) in enumerate(zip(layers, activations, strict=True)):
        constants = [build.constant(f"w{index}", np.float32(w)), build.constant(f"b{index}", np.float32(b))]
        value = build.node("fully_connected", f"fc{index}", [value, *constants], activation=activation)
    return build.graph([value])


def random_dense(widths: Sequence[int], seed: int = 0, activation: str = "relu") -> Graph:
    """Dense layers with normal weights; the last one has no activation."""
    rng = np.random.default_rng(seed)
    layers = [(rng.normal(0, n**-0.5, (m, n)), rng.normal(0, 0.1, m)) for n, m in itertools.pairwise(widths)]
    return dense(layers, [activation] * (len(layers) - 1) + ["none"])


def outputs(graph: Graph, x: Array) -> Array:
    """The graph's only output in float."""
    with torch.no_grad():
        made: Array = run_float(graph, {graph.inputs[0]: torch.from_numpy(x)})[graph.outputs[0]].numpy()
    return made


class Trained(NamedTuple):
    """A dense network trained on the digits of scikit-learn, and the data."""

    graph: Graph
    x: Array
    y: Array
    x_test: Array
    y_test: Array

    @property
    def data(self) -> TrainData:
        """The same as the training loop takes it."""
        train, test = ((torch.from_numpy(a), torch.from_numpy(b)) for a, b in ((self.x, self.y), self[3:]))
        return TrainData(Tensors(*train), Tensors(*test))


def train_digits() -> Trained:
    """64 → 32 → 32 → 10 after 150 full-batch steps; about 93 % on the last 597 digits."""
    datasets = pytest.importorskip("sklearn.datasets")
    images, labels = datasets.load_digits(return_X_y=True)
    x, y = np.float32(images / 16), np.int64(labels)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        linear = [torch.nn.Linear(n, m) for n, m in ((64, 32), (32, 32), (32, 10))]
        net = torch.nn.Sequential(linear[0], torch.nn.ReLU(), linear[1], torch.nn.ReLU(), linear[2])
        optimiser = torch.optim.Adam(net.parameters(), 1e-2)
        for _ in range(150):
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(net(torch.from_numpy(x[:1200])), torch.from_numpy(y[:1200]))
            loss.backward()
            optimiser.step()
    layers: list[tuple[Any, Any]] = [(fc.weight.detach().numpy(), fc.bias.detach().numpy()) for fc in linear]
    return Trained(dense(layers, ["relu", "relu", "none"]), x[:1200], y[:1200], x[1200:], y[1200:])


def conv_net(seed: int = 0, *, side: int = 8) -> Graph:
    """Stem, depthwise, pointwise with a residual sum, pool, mean, dense, softmax: every kind of scale there is."""
    rng = np.random.default_rng(seed)
    build = GraphBuilder("conv_net")

    def layer(op: str, name: str, x: str, shape: tuple[int, ...], channels: int, **attrs: Any) -> str:
        taps = int(np.prod(shape)) // channels
        w = build.constant(f"{name}.w", rng.normal(0, (2 / taps) ** 0.5, shape).astype(np.float32))
        b = build.constant(f"{name}.b", rng.normal(0, 0.1, channels).astype(np.float32))
        return build.node(op, name, [x, w, b], **attrs)

    image: dict[str, Any] = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "activation": "relu"}
    point = image | {"padding": ((0, 0), (0, 0))}
    x = build.input(Value("x", (1, side, side, 3), "float32"))
    stem = layer("conv2d", "stem", x, (8, 3, 3, 3), 8, **image)
    depth = layer("depthwise_conv2d", "depth", stem, (1, 3, 3, 8), 8, **image)
    thin = layer("conv2d", "thin", depth, (8, 1, 1, 8), 8, **(point | {"activation": "none"}))
    total = build.node("add", "total", [thin, stem], activation="relu")
    pool = build.node("max_pool2d", "pool", [total], window=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0)))
    wide = layer("conv2d", "wide", pool, (16, 1, 1, 8), 16, **point)
    mean = build.node("mean", "mean", [wide], axes=(1, 2), keepdims=False)
    logits = layer("fully_connected", "logits", mean, (5, 16), 5, activation="none")
    return build.graph([build.node("softmax", "share", [logits])])


def images(count: int, seed: int = 1, side: int = 8) -> Array:
    """Smooth random images with 3 channels."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 1, (count, side // 4, side // 4, 3)).astype(np.float32)
    smooth: Array = coarse.repeat(4, axis=1).repeat(4, axis=2)
    return smooth + rng.normal(0, 0.2, smooth.shape).astype(np.float32)
