r"""An LSTM whose candidate and output go through a rectifier. Axes: D directions, B rows, T steps, F features, H units.

    i, f, g, o = x W + h R + b        c ← σ(f) c + σ(i) relu(g)        h = σ(o) relu(c)

One bias a gate. It is what several frameworks give for `activation="relu"`, and what torch's own LSTM cannot be told.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ReluLSTM(nn.Module):
    """One layer, in one direction or in both; the states of all steps come out.

    Args:
        features: F.
        units: H, of each direction.
        bidirectional: a second direction runs from the last step to the first.

    Shapes:
        (B, T, F) -> (B, T, D·H).

    Cost: 4·D·(F·H + H·H + H) parameters.
    """

    def __init__(self, features: int, units: int, *, bidirectional: bool = True) -> None:
        super().__init__()
        for name, size in (("features", features), ("units", units)):
            if size < 1:
                raise ValueError(f"`{name}` must be at least 1, got {size}")
        self.features, self.units, self.directions = features, units, 2 if bidirectional else 1
        self.weight = nn.Parameter(torch.empty(self.directions, features, 4 * units))
        self.recurrent = nn.Parameter(torch.empty(self.directions, units, 4 * units))
        self.bias = nn.Parameter(torch.zeros(self.directions, 1, 4 * units))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Inputs by Glorot's uniform, recurrent weights orthogonal, biases 0, those of the forget gate 1."""
        for direction in range(self.directions):
            nn.init.xavier_uniform_(self.weight[direction])
            nn.init.orthogonal_(self.recurrent[direction])
        nn.init.zeros_(self.bias)
        with torch.no_grad():
            self.bias[..., self.units : 2 * self.units] = 1

    def forward(self, x: Tensor) -> Tensor:
        both = torch.stack([x, x.flip(1)]) if self.directions == 2 else x.unsqueeze(0)  # (D, B, T, F)
        inputs = (both.flatten(1, 2) @ self.weight + self.bias).view(self.directions, *x.shape[:2], -1)
        h = c = x.new_zeros(self.directions, len(x), self.units)
        states = []
        for step in inputs.unbind(2):
            i, f, g, o = torch.baddbmm(step, h, self.recurrent).chunk(4, -1)
            c = f.sigmoid() * c + i.sigmoid() * g.relu()
            h = o.sigmoid() * c.relu()
            states.append(h)
        y = torch.stack(states, 2)  # (D, B, T, H)
        return torch.cat([y[0], y[1].flip(1)], -1) if self.directions == 2 else y[0]
