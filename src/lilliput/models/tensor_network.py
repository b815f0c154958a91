"""Pure circuits shaped like tensor networks: the quantum classifiers that KACQ-DCNN is compared with.

Paper   KACQ-DCNN (arXiv:2410.07446): tree, chain and MERA, 1 to 4 layers
Input   (B, features): the columns of a table as they are, at most 32, made a unit vector of 32 amplitudes
Output  (B, 1): the expectation of Z of wire 1 and a bias; above 0: the second of two classes
Differs from the paper: nothing known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lilliput.layers.quantum import BLOCKS, TensorNetworkLayer
from lilliput.models.entry import check_range, register_model


@dataclass(frozen=True)
class TensorNetworkConfig:
    """Shape of a tensor-network circuit."""

    features: int = 18
    wiring: str = "ttn"  # a tree; "mps": a chain; "mera"
    layers: int = 1

    def __post_init__(self) -> None:
        check_range(self, 1, 32, "features")
        check_range(self, 1, 100, "layers")
        if self.wiring not in BLOCKS:
            raise ValueError(f"`wiring` {self.wiring!r} is none of {', '.join(BLOCKS)}")

    @property
    def input_shape(self) -> tuple[int]:
        """(features,)."""
        return (self.features,)

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape; two classes are all it can tell apart."""
        if classes > 2:
            raise ValueError(f"its one output tells two classes apart, not {classes}")
        return {"features": math.prod(input_shape)}


@register_model("tensor_circuit", TensorNetworkConfig())
class TensorNetwork(nn.Module):
    """One circuit on five wires and a bias.

    Shapes:
        (B, features) -> (B, 1).

    Cost: 2 parameters a block (3 blocks in a tree, 4 in a chain, 5 in MERA) and layer, and the bias.
    """

    def __init__(self, config: TensorNetworkConfig) -> None:
        super().__init__()
        self.circuit = TensorNetworkLayer(config.wiring, config.layers, features=config.features)  # type: ignore[arg-type]
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.circuit(x) + self.bias
        return y
