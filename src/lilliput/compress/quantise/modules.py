"""Graphs as modules, so that the project's training loop and its metrics take them.

Training data are channels first, (B, C, H, W) or (B, features); graphs are channels last.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lilliput.compiler.graph import Graph
from lilliput.compiler.interpret import run_float, run_integer


class ChannelsFirst(nn.Module):
    """Feeds a channels-last module with (B, C, H, W); other ranks pass unchanged.

    Args:
        inner: takes and gives channels last; an output of rank 4 is moved back.
    """

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.inner(x.permute(0, 2, 3, 1) if x.ndim == 4 else x)
        return y.permute(0, 3, 1, 2) if y.ndim == 4 else y


class FloatGraph(nn.Module):
    """A float graph with one input and one output; channels last, no parameters."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, x: Tensor) -> Tensor:
        return run_float(self.graph, {self.graph.inputs[0]: x})[self.graph.outputs[0]]


class IntegerGraph(nn.Module):
    """An integer graph with one input and one output, between real values; channels last, no gradient."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, x: Tensor) -> Tensor:
        entering, leaving = self.graph.values[self.graph.inputs[0]], self.graph.values[self.graph.outputs[0]]
        if entering.quant is None or leaving.quant is None:
            raise ValueError(f"graph {self.graph.name!r} is not quantised")
        integers = entering.quant.quantise(x.detach().cpu().numpy(), entering.dtype)
        made = run_integer(self.graph, {entering.name: integers})[leaving.name]
        return torch.from_numpy(leaving.quant.dequantise(made))
