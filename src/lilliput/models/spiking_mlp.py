"""Fully connected spiking network: layers of leaky neurons, trained through a substitute for the derivative of firing.

Paper   Deep Learning in Spiking Neural Networks (arXiv:1804.08150), section 3.2: back-propagation through time
Input   (B, features), or any shape of as many values, as a current that is the same at each step
Output  (B, classes): what the outputs counted, per step
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lilliput.layers.spiking import LIF, SpikingSequential
from lilliput.models.entry import check_range, register_model

_READOUTS = ("membrane", "spikes")


@dataclass(frozen=True)
class SpikingMLPConfig:
    """Sizes, and how it runs."""

    features: int = 784
    classes: int = 10
    hidden: str = "256"  # neurons of each hidden layer
    steps: int = 8
    tau: float = 2.0  # of the neurons, in steps; 1 forgets at once
    threshold: float = 1.0
    readout: str = "membrane"  # of outputs that never fire; or "spikes" of outputs like all others

    def __post_init__(self) -> None:
        check_range(self, 1, 1 << 20, "features", "classes", "steps")
        check_range(self, 1, 1e6, "tau")
        check_range(self, math.ulp(0), 1e6, "threshold")
        if self.readout not in _READOUTS:
            raise ValueError(f"`readout` must be one of {', '.join(_READOUTS)}, got {self.readout!r}")
        if not self.widths or min(self.widths) < 1:
            raise ValueError(f"`hidden` must be numbers of neurons, each at least 1, got {self.hidden!r}")

    @property
    def widths(self) -> tuple[int, ...]:
        """Neurons of each hidden layer."""
        try:
            return tuple(int(width) for width in self.hidden.split())
        except ValueError:
            return ()

    @property
    def input_shape(self) -> tuple[int]:
        """(features,)."""
        return (self.features,)

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape."""
        return {"features": math.prod(input_shape), "classes": classes}


@register_model("spiking_mlp", SpikingMLPConfig())
class SpikingMLP(nn.Module):
    """The network of the file's head.

    Shapes:
        (B, features) -> (B, classes).

    Cost: 203 264 weights as registered; the first layer multiplies, the others add where something fired.
    """

    def __init__(self, config: SpikingMLPConfig) -> None:
        super().__init__()
        widths = (config.features, *config.widths)
        layers: list[nn.Module] = []
        for a, b in itertools.pairwise(widths):
            layers += [nn.Linear(a, b), LIF(tau=config.tau, threshold=config.threshold)]
        layers.append(nn.Linear(widths[-1], config.classes))
        if config.readout == "spikes":
            layers.append(LIF(tau=config.tau, threshold=config.threshold))
        self.steps = config.steps
        self.body = SpikingSequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self._outputs(x, self.steps).mean(0)

    def by_step(self, x: Tensor, steps: int | None = None) -> Tensor:
        """What the outputs counted up to each step: (B, ...) -> (T, B, classes). `steps`: only so many."""
        return torch.cumsum(self._outputs(x, self.steps if steps is None else steps), 0)

    def _outputs(self, x: Tensor, steps: int) -> Tensor:
        first, *others = self.body.layers
        # The picture stays, and so does what the first layer makes of it: it is worked out once.
        current = first(x.flatten(1)).unsqueeze(0).expand(steps, -1, -1)
        counted: Tensor = SpikingSequential(*others)(current)[0]
        return counted
