"""Whole networks: the published digits one, exports of PyTorch, and what ONNX Runtime's quantiser writes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lilliput.compiler.frontends.onnx import load_onnx, read_onnx
from lilliput.compiler.program import compile_graph
from tests.compiler.frontends.onnx.models import (
    compare,
    helper,
    in_steps,
    integer_outputs,
    items,
    model,
    ours,
    quantised,
    runtime,
    turned,
)
from tests.compiler.frontends.onnx.networks import IMAGE, convolutional, quantise_static


@pytest.mark.shared
def test_the_published_digits_network_gives_its_published_outputs(shared_data: Path) -> None:
    graph, stage = load_onnx(shared_data / "models" / "mnist.onnx")
    assert stage == "float"
    with np.load(shared_data / "models" / "mnist_onnx_io.npz") as stored:
        x, y = stored["input"], stored["output"]
    (made,) = ours(graph, x)
    assert np.abs(made - y).max() <= 1e-5 * np.abs(y).max()
    layers = [node.op for node in graph.nodes]
    assert layers == ["conv2d", "max_pool2d", "conv2d", "max_pool2d", "reshape", "fully_connected"]


def test_a_network_with_a_program_of_shapes() -> None:
    graph = compare(convolutional(), items(IMAGE, rows=3))
    assert {"batch_norm", "transpose"}.isdisjoint(node.op for node in graph.nodes)


class Residual(nn.Module):
    """A stem, a residual block with a squeeze-and-excite gate, and a head that looks at its input's size."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.Hardswish()
        )
        self.depth = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.BatchNorm2d(8), nn.ReLU6())
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1), nn.Hardsigmoid())
        self.head = nn.Linear(8 * 3 * 2, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.depth(x)
        x = x + y * self.gate(y)
        x = nn.functional.avg_pool2d(x, 2)
        return self.head(x.view(x.size(0), -1))


def exported(module: nn.Module, x: Tensor, opset: int) -> bytes:
    """What PyTorch's exporter writes, with a batch that has no size."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it announces that another exporter will follow it
        torch.onnx.export(
            module.eval(), (x,), file, dynamo=False, opset_version=opset, input_names=["x"], output_names=["y"],
            dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}},
        )  # fmt: skip
    return file.getvalue()


MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "residual": (Residual, (1, 3, 12, 8)),
    "one axis": (
        lambda: nn.Sequential(
            nn.Conv1d(6, 8, 5, stride=2), nn.BatchNorm1d(8), nn.ELU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(40, 3)
        ),
        (1, 6, 24),
    ),
    "dense": (lambda: nn.Sequential(nn.Linear(9, 16), nn.SiLU(), nn.Linear(16, 4), nn.Softmax(1)), (1, 9)),
    "up and down": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 8, 3, padding=1), nn.LeakyReLU(0.1), nn.PixelShuffle(2), nn.Upsample(scale_factor=2),
            nn.ReflectionPad2d(1), nn.Conv2d(2, 3, 3), nn.Upsample(scale_factor=0.5, mode="bilinear"),
        ),
        (1, 2, 6, 8),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("opset", [11, 13, 17])
def test_what_pytorch_exports_means_what_the_module_means(name: str, opset: int) -> None:
    torch.manual_seed(0)
    build, shape = MODULES[name]
    module = build()
    for norm in (m for m in module.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    x = items(shape, rows=3)
    data = exported(module, torch.zeros(shape), opset)
    graph, stage = read_onnx(data)
    assert stage == "float"
    with torch.no_grad():
        want = module(torch.from_numpy(x)).numpy()
    (made,) = ours(graph, x)
    assert made.shape == want.shape
    assert np.abs(made - want).max() <= 1e-5 * max(1.0, np.abs(want).max())


def test_a_network_that_takes_channels_last_keeps_its_input() -> None:
    """As converters from TensorFlow write it: a transpose first and a transpose last."""
    weight = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["t", "w"], ["c"]),
        helper.make_node("Transpose", ["c"], ["y"], perm=[0, 2, 3, 1]),
    ]
    data = model(nodes, {"x": (1, 6, 5, 3)}, {"y": (1, 4, 3, 4)}, {"w": weight})
    graph, _ = read_onnx(data)
    assert [node.op for node in graph.nodes] == ["conv2d"]
    assert graph.values["x"].shape == (1, 6, 5, 3)
    from lilliput.compiler.interpret import run_float

    x = items((1, 6, 5, 3), rows=2)
    (made,) = run_float(graph, {"x": torch.from_numpy(x)}).values()
    np.testing.assert_allclose(made.numpy(), runtime(data, x)[0], atol=1e-5)


@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
@pytest.mark.parametrize("unsigned", [False, True])
@pytest.mark.parametrize("per_channel", [False, True])
def test_a_network_that_onnx_runtime_quantised(form: str, unsigned: bool, per_channel: bool, tmp_path: Path) -> None:
    """A layer differs from the runtime's by one step at most, and what it differs by goes through those behind it. So
    the whole is held to the float network: our integers are as close to it as the runtime's own are."""
    data = convolutional(softmax=False)
    written = quantise_static(
        data, tmp_path, items(IMAGE, seed=3, rows=24), form=form, unsigned=unsigned, per_channel=per_channel
    )
    graph, stage = read_onnx(written)
    assert stage == "integer"
    x = items(IMAGE, seed=4, rows=200)
    ((mine,), (theirs,)) = integer_outputs(graph, x), in_steps(graph, runtime(written, x))
    assert len(np.unique(mine)) > 50
    assert np.abs(mine.astype(int) - theirs).max() <= 2
    quant = graph.values[graph.outputs[0]].quant
    assert quant is not None
    wanted = runtime(data, x)[0] / quant.scale[0] + quant.zero_point[0]
    inside = np.abs(wanted) < 120
    own, other = (np.sqrt(np.square(made - wanted)[inside].mean()) for made in (mine, theirs))
    assert own <= 1.05 * other
    given = graph.values[graph.inputs[0]].quant
    assert given is not None
    program = compile_graph(graph)
    np.testing.assert_array_equal(program.run(turned(quantised(x, given)))[0], mine)
    assert {value.dtype for value in (*program.inputs, *program.outputs)} == {"int8"}


def test_a_long_chain_is_read_in_time() -> None:
    """With a pair of transposes left around each layer it took twenty seconds."""
    count = 800
    weight = {"w": np.random.default_rng(0).standard_normal((4, 4, 1, 1)).astype(np.float32)}
    nodes = [helper.make_node("Conv", [f"v{i}", "w"], [f"v{i + 1}"]) for i in range(count)]
    graph, _ = read_onnx(model(nodes, {"v0": (1, 4, 2, 2)}, {f"v{count}": None}, weight))
    assert len(graph.nodes) == count + 1
