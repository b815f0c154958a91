"""ATen operators keep their meaning, and the blocks that they make up survive quantisation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.passes import simplify
from lilliput.compress.quantise import quantise
from tests.compiler.test_torch_export import Call, assert_same
from tests.runtime.harness import PORTABLE, assert_c_equals_reference

IMAGE, ROWS = (4, 6, 6), (5, 8)


class Weighted(nn.Module):
    """A function of the input and a constant."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], *shape: int) -> None:
        super().__init__()
        self.function, self.weight = function, nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, self.weight)


def picked(x: Tensor) -> Tensor:
    return x.index_select(2, torch.tensor([0, 3, 3, 1]))


MODULES: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    **{
        name: (Call(getattr(torch, name)), ROWS)
        for name in ("abs", "neg", "exp", "sin", "cos", "floor", "ceil", "round", "square", "erf", "sign")
    },
    "sqrt": (Call(lambda x: (x * x + 0.1).sqrt()), ROWS),
    "rsqrt": (Call(lambda x: (x * x + 0.1).rsqrt()), ROWS),
    "log": (Call(lambda x: (x * x + 0.1).log()), ROWS),
    "reciprocal": (Call(lambda x: (x * x + 0.5).reciprocal()), ROWS),
    "cube": (Call(lambda x: x**3), ROWS),
    "quotient": (Call(lambda x: x / (x * x + 0.5)), ROWS),
    "clamp": (Call(lambda x: x.clamp(-0.5, 0.7)), ROWS),
    "clamp below": (Call(lambda x: x.clamp(min=-0.2)), ROWS),
    "softplus": (nn.Softplus(), ROWS),
    "mish": (nn.Mish(), ROWS),
    "elu": (nn.ELU(), ROWS),
    "prelu": (nn.PReLU(4), IMAGE),
    "glu": (nn.GLU(dim=1), IMAGE),
    "maximum": (Call(lambda x: torch.maximum(x, x.flip(2))), IMAGE),
    "where": (Call(lambda x: torch.where(x > 0.1, x, x * 0.5)), ROWS),
    "reversed difference": (Call(lambda x: 1.0 - x), ROWS),
    "largest": (Call(lambda x: x.amax((2, 3))), IMAGE),
    "sum": (Call(lambda x: x.sum(-1, keepdim=True)), ROWS),
    "largest of": (Call(lambda x: x.max(-1).values), ROWS),
    "running sum": (Call(lambda x: x.cumsum(1)), ROWS),
    "log softmax": (Call(lambda x: x.log_softmax(1)), IMAGE),
    "layer norm": (nn.LayerNorm(8), ROWS),
    "products": (Call(lambda x: x @ x.transpose(1, 2)), ROWS),
    "product with weights": (Weighted(lambda x, w: x @ w, 8, 3), ROWS),
    "attention": (Call(lambda x: F.scaled_dot_product_attention(x, x * 0.7, x)), ROWS),
    "stack": (Call(lambda x: torch.stack([x, -x], 2)), ROWS),
    "split": (Call(lambda x: torch.cat(x.split([1, 3], 1)[::-1], 1)), IMAGE),
    "chunks": (Call(lambda x: x.chunk(2, 1)[1]), IMAGE),
    "unbind": (Call(lambda x: x.unbind(1)[2]), IMAGE),
    "one": (Call(lambda x: x[:, :, 2]), IMAGE),
    "roll": (Call(lambda x: x.roll((1, -2), (2, 3))), IMAGE),
    "repeat": (Call(lambda x: x.repeat(1, 2, 1, 3)), IMAGE),
    "expand": (Call(lambda x: x[:, :1].expand(-1, 3, -1, -1)), IMAGE),
    "index": (Call(picked), IMAGE),
    "pixel shuffle": (nn.PixelShuffle(2), IMAGE),
    "pixel unshuffle": (nn.PixelUnshuffle(3), IMAGE),
    "transposed": (nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1), IMAGE),
    "transposed over one axis": (nn.ConvTranspose1d(5, 2, 4, stride=3), ROWS),
    "rows first": (Call(lambda x: x.transpose(0, 1).relu().mean(0)), ROWS),
}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_the_meaning_is_the_module_s(name: str) -> None:
    module, shape = MODULES[name]
    assert_same(module, shape)


class Block(nn.Module):
    """A transformer's encoder layer over rows, with two heads."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, t, c = x.shape
        q, k, v = self.qkv(self.first(x)).view(n, t, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, c))
        return x + self.down(F.gelu(self.up(self.second(x))))


class Next(nn.Module):
    """A block of ConvNeXt: depthwise 7×7, normalisation over channels, two layers, residual."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.spread, self.norm = nn.Conv2d(width, width, 7, padding=3, groups=width), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.spread(x).permute(0, 2, 3, 1))
        return x + self.down(F.gelu(self.up(y))).permute(0, 3, 1, 2)


class Hourglass(nn.Module):
    """Down, up by a transposed convolution, and joined with what was there before: a U-Net."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.down = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.up, self.after = nn.ConvTranspose2d(8, 6, 2, stride=2), nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept = self.before(x).relu()
        return self.after(torch.cat([kept, self.up(self.down(kept).relu())], 1))


class Choosing(nn.Module):
    """Operands of several scales, one of them fixed, under operators that take one scale."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.maximum(self.layer(x), torch.sigmoid(x))
        return torch.where(x > 0.2, torch.minimum(y, torch.full((8,), 0.8)), x)


BLOCKS: dict[str, tuple[nn.Module, tuple[int, ...], float]] = {
    "transformer": (Block(), (6, 16), 22.0),
    "convnext": (Next(), (8, 9, 9), 25.0),
    "u-net": (Hourglass(), (3, 8, 8), 28.0),
    "choosing": (Choosing(), (5, 8), 30.0),
}


@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_blocks_are_quantised_and_compiled(name: str, tmp_path: Path) -> None:
    torch.manual_seed(3)
    module, shape, least_db = BLOCKS[name]
    graph = simplify(from_torch(module.eval(), torch.zeros(1, *shape)))
    x = np.random.default_rng(0).standard_normal((48, *shape)).astype(np.float32)
    last = graph.values[graph.inputs[0]].shape[1:] != shape
    items = np.ascontiguousarray(x.transpose(0, 2, 3, 1)) if last else x
    integer = quantise(graph, items).graph
    with torch.no_grad():
        wanted = module(torch.from_numpy(x)).numpy()
    source, target = integer.values[integer.inputs[0]], integer.values[integer.outputs[0]]
    assert source.quant is not None
    assert target.quant is not None
    codes = source.quant.quantise(items, "int8")
    made = target.quant.dequantise(run_integer(integer, {source.name: codes})[target.name])
    noise = float(((made.reshape(wanted.shape) - wanted) ** 2).sum())
    assert 10 * np.log10(float((wanted**2).sum()) / noise) > least_db
    assert_c_equals_reference(integer, tmp_path, rows=3, targets=(PORTABLE,))
