"""PyTorch modules come through the frontend and the passes with their meaning unchanged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.compiler.frontends.torch_export import from_exported, from_torch
from lilliput.compiler.graph import Graph
from lilliput.compiler.interpret import run_float
from lilliput.compiler.passes import PASSES, simplify
from lilliput.core.errors import BadValue, DynamicShape, UnsupportedAttribute, UnsupportedOp


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def trained(model: nn.Module) -> nn.Module:
    """Weights and statistics that are not the neutral ones a new module has."""
    generator = torch.Generator().manual_seed(1)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            low = 0.5 if "var" in name else -0.7
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * 1.3 + low)
    return model.eval()


def assert_same(model: nn.Module, shape: tuple[int, ...]) -> Graph:
    """The simplified graph gives what the module gives, for a batch of three as well."""
    model = trained(model)
    graph = simplify(from_torch(model, torch.zeros(1, *shape)))
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected = model(x)
        (name,) = graph.inputs
        moved = x.permute(0, 2, 3, 1) if x.ndim == 4 and graph.values[name].shape[1:] != shape else x
        (made,) = run_float(graph, {name: moved}).values()
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)
    return graph


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding="same", groups=8), nn.BatchNorm2d(8), nn.ReLU6())
        self.point = nn.Conv2d(8, 8, 1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = F.relu(x + self.norm(self.point(self.body(x))))
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


def test_a_residual_network_needs_no_transpose_no_norm_no_pad_and_no_lone_activation() -> None:
    graph = assert_same(Residual(), (3, 16, 12))
    assert [node.op for node in graph.nodes] == [
        "conv2d", "depthwise_conv2d", "conv2d", "add", "mean", "reshape", "fully_connected",
    ]  # fmt: skip
    assert graph.nodes[0].attrs["padding"] == ((0, 1), (0, 1))
    assert [node.attrs.get("activation") for node in graph.nodes[:4]] == ["relu", "relu6", None, "relu"]
    assert graph.values[graph.inputs[0]].shape == (1, 16, 12, 3)


def sequential(*parts: nn.Module) -> nn.Module:
    return nn.Sequential(*parts)


CASES: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "flatten of a map": (sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(3 * 4 * 5, 7)), (2, 6, 7)),
    "one axis": (sequential(nn.Conv1d(4, 6, 3, stride=2, padding=1), nn.ReLU(), nn.Conv1d(6, 2, 3)), (4, 17)),
    "norm in front of the layer": (sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 1)), (3, 5, 5)),
    "norm of a vector": (sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.BatchNorm1d(5)), (6,)),
    "linear over tokens": (sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2)), (7, 6)),
    "max pool with padding": (sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(3, 2, 1)), (1, 9, 9)),
    "average pool that counts its padding": (sequential(nn.Conv2d(1, 4, 3), nn.AvgPool2d(3, 2, 1)), (1, 9, 9)),
    "average pool that does not": (nn.AvgPool2d(3, 2, 1, count_include_pad=False), (2, 9, 9)),
    "pool to a grid": (nn.AdaptiveAvgPool2d((2, 3)), (2, 8, 9)),
    "depth multiplier and dilation": (nn.Conv2d(4, 8, 3, groups=4, dilation=2, padding=2), (4, 9, 9)),
    "several groups": (nn.Conv2d(6, 9, 3, groups=3, padding=1), (6, 5, 4)),
    "hard swish and hard sigmoid": (sequential(nn.Conv2d(2, 4, 1), nn.Hardswish(), nn.Hardsigmoid()), (2, 4, 4)),
    "gelu, silu, sigmoid": (sequential(nn.GELU(), nn.SiLU(), nn.Sigmoid()), (5,)),
    "leaky relu": (nn.LeakyReLU(0.2), (5,)),
    "softmax over channels": (sequential(nn.Conv2d(2, 5, 1), nn.Softmax(1)), (2, 3, 4)),
    "dropout is nothing": (sequential(nn.Linear(4, 4), nn.Dropout(0.5)), (4,)),
    "concat of branches": (Call(lambda x: torch.cat([x, F.relu(x), x * 2], 1)), (3, 4, 5)),
    "mean over time": (Call(lambda x: x.mean(2).mean(1, keepdim=True)), (3, 4, 5)),
    "scalar arithmetic": (Call(lambda x: (x - 0.5) / 4 + torch.add(x, x, alpha=1)), (3, 4, 5)),
    "permute and view": (Call(lambda x: x.permute(0, 2, 1).reshape(-1, 12).unsqueeze(1).squeeze(1)), (3, 4)),
    "slices": (Call(lambda x: x[:, 1:, ::2, :-1]), (3, 6, 5)),
    "padding of two axes": (Call(lambda x: F.pad(x, (1, 2, 0, 3), value=0.5)), (3, 4, 5)),
    "resize": (Call(lambda x: F.interpolate(x, scale_factor=2, mode="nearest")), (3, 4, 5)),
    "bilinear resize": (Call(lambda x: F.interpolate(x, size=(8, 7), mode="bilinear", align_corners=False)), (3, 4, 5)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_meaning_is_kept(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LILLIPUT_CHECK", "2")
    graph = assert_same(*CASES[case])
    assert not any(node.op in ("batch_norm", "dropout") for node in graph.nodes)


def test_passes_are_pure() -> None:
    graph = from_torch(trained(Residual()), torch.zeros(1, 3, 16, 12))
    before = [(n.name, n.op, n.inputs, n.outputs, dict(n.attrs)) for n in graph.nodes]
    weights = {k: v.data.copy() for k, v in graph.values.items() if v.data is not None}
    for step in PASSES:
        graph_after = step(graph)
        assert graph_after is not None
    assert before == [(n.name, n.op, n.inputs, n.outputs, dict(n.attrs)) for n in graph.nodes]
    assert all(np.array_equal(weights[k], v.data) for k, v in graph.values.items() if v.data is not None)


def test_the_module_is_left_in_the_mode_it_was_in() -> None:
    model = Residual().train()
    from_torch(model, torch.zeros(1, 3, 16, 12))
    assert model.training


def test_a_batch_of_two_is_refused() -> None:
    with pytest.raises(DynamicShape, match="batch must be one"):
        from_torch(nn.Linear(3, 2), torch.zeros(2, 3))


def test_a_dynamic_axis_is_refused() -> None:
    batch = torch.export.Dim("batch", min=2, max=8)
    exported = torch.export.export(nn.Linear(3, 2), (torch.zeros(4, 3),), dynamic_shapes=({0: batch},))
    with pytest.raises(DynamicShape, match="not fixed"):
        from_exported(exported)


def test_an_unknown_operator_names_the_line_of_the_user() -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.fft.rfft(x).abs()

    with pytest.raises(UnsupportedOp, match=r"fft.*test_torch_export\.py:\d+"):
        from_torch(Odd(), torch.zeros(1, 8))


def test_an_unknown_argument_names_the_node() -> None:
    with pytest.raises(UnsupportedAttribute, match="ceil_mode"):
        from_torch(nn.MaxPool2d(2, ceil_mode=True), torch.zeros(1, 1, 5, 5))
    with pytest.raises(UnsupportedAttribute, match="in 2 groups"):
        from_torch(nn.ConvTranspose2d(4, 4, 3, groups=2), torch.zeros(1, 4, 5, 5))


def test_weights_that_are_not_finite_are_refused() -> None:
    model = nn.Linear(3, 2)
    with torch.no_grad():
        model.weight[1, 2] = float("nan")
    with pytest.raises(BadValue, match=r"weight.*nan.*\(1, 2\)"):
        from_torch(model, torch.zeros(1, 3))


def test_padding_of_a_single_channel_is_fused_too() -> None:
    """With one channel a transpose moves nothing; it must still cancel instead of becoming a reshape in the way."""
    graph = assert_same(sequential(nn.ZeroPad2d((1, 2, 0, 1)), nn.Conv2d(1, 4, 3, 2), nn.ReLU()), (1, 9, 8))
    assert [node.op for node in graph.nodes] == ["conv2d", "transpose"]
    assert graph.nodes[0].attrs["padding"] == ((0, 1), (1, 2))
