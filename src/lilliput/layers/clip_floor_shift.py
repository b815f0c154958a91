r"""The activation that a network is trained with so that spikes say the same in few steps.

    h(x) = λ · clip(⌊x · L / λ + ½⌋ / L, 0, 1)

A neuron of threshold λ that starts at λ / 2 and subtracts when it fires gives exactly h(x) as its mean over L steps
of a constant current x. λ is learnt. Axes: any; all is element by element.

Source: Optimal ANN-SNN Conversion for High-accuracy and Ultra-low-latency Spiking Neural Networks (arXiv:2303.04347).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ClipFloorShift(nn.Module):
    """h of the file's head; rounding is passed by as if it were not there on the way back.

    Args:
        levels: L, at least 1; how many steps the spiking network shall take.
        ceiling: λ at the start, above 0.

    Attributes:
        ceiling: λ, a parameter.

    Raises:
        ValueError: one of them is out of range.
    """

    def __init__(self, levels: int = 8, ceiling: float = 8.0) -> None:
        super().__init__()
        if levels < 1:
            raise ValueError(f"`levels` must be at least 1, got {levels}")
        if not ceiling > 0:
            raise ValueError(f"`ceiling` must be above 0, got {ceiling}")
        self.levels = levels
        self.ceiling = nn.Parameter(torch.tensor(float(ceiling)))

    def forward(self, x: Tensor) -> Tensor:
        share = (x / self.ceiling).clamp(0, 1)
        whole = torch.floor(share.detach() * self.levels + 0.5) / self.levels
        return (share + (whole - share.detach())) * self.ceiling

    def extra_repr(self) -> str:
        return f"levels={self.levels}"
