"""Q-Conv-KAN: splines over the windows of a row, then simulated circuits: a hybrid that KACQ-DCNN is compared with.

Paper   KACQ-DCNN (arXiv:2410.07446), Q-Conv-KAN with 2, 3 and 4 layers a circuit
Input   (B, features): the columns of a table, scaled to [0, 1]
Output  (B, outputs): logits; with one output a logit of the second of two classes
Differs from the paper: widths are chosen here, those of the published notebook are not known; kernels of 3 and 2 with
        strides of 2 and no padding are as there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lilliput.layers.kan import KANConv1d, KANLinear
from lilliput.layers.quantum import QuantumLayer
from lilliput.models.entry import check_range, register_model
from lilliput.models.kacq import glorot

_KERNELS = (3, 2)
_STRIDE = 2


@dataclass(frozen=True)
class QConvKANConfig:
    """Sizes of a Q-Conv-KAN."""

    features: int = 11
    outputs: int = 1
    wires: int = 4
    layers: int = 4  # of each circuit
    circuits: int = 3
    filters: int = 16  # of both convolutions
    width: int = 16  # of the layer behind the circuits
    grid: int = 3
    dropout: float = 0.2

    def __post_init__(self) -> None:
        check_range(self, 5, 65536, "features")  # fewer leave no window for the second convolution
        check_range(self, 1, 65536, "outputs", "filters", "width")
        check_range(self, 1, 12, "wires")
        check_range(self, 1, 100, "layers", "circuits", "grid")
        check_range(self, 0, 0.99, "dropout")

    @property
    def input_shape(self) -> tuple[int]:
        """(features,)."""
        return (self.features,)

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape; it then has one logit a class."""
        return {"features": math.prod(input_shape), "outputs": classes}


@register_model("q_conv_kan", QConvKANConfig())
class QConvKAN(nn.Module):
    """Two spline convolutions, amplitudes, circuits, a spline layer, a linear unit.

    Shapes:
        (B, features) -> (B, outputs).
    """

    def __init__(self, config: QConvKANConfig) -> None:
        super().__init__()
        c, steps, channels, convolutions = config, config.features, 1, []
        for kernel in _KERNELS:
            convolutions.append(KANConv1d(channels, c.filters, kernel=kernel, stride=_STRIDE, grid=c.grid))
            steps, channels = (steps - kernel) // _STRIDE + 1, c.filters
        self.circuits = c.circuits
        self.before = nn.Sequential(
            *convolutions, nn.Flatten(), nn.Dropout(c.dropout),
            KANLinear(steps * c.filters, c.circuits << c.wires, grid=c.grid),
        )  # fmt: skip
        self.middle = nn.ModuleList(QuantumLayer(c.wires, c.layers) for _ in range(c.circuits))
        self.after = nn.Sequential(KANLinear(c.circuits * c.wires, c.width, grid=c.grid), nn.Dropout(c.dropout))
        self.head = glorot(c.width, c.outputs)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.before(x.unsqueeze(-1)).chunk(self.circuits, 1)
        seen = [circuit(part) for circuit, part in zip(self.middle, parts, strict=True)]
        y: Tensor = self.head(self.after(torch.cat(seen, 1)))
        return y
