"""KACQ-DCNN: rows of a small table through two channels, recurrent layers beside simulated circuits, all with splines.

Paper   KACQ-DCNN (arXiv:2410.07446)
Input   (B, features): the columns of a table, scaled to [0, 1]; 11 in the published system
Output  (B, outputs): logits; with one output a logit of the second of two classes, as published
Differs from the paper: nothing in structure. Its picture and two of its weight files show 12 features, its data have
        11. The rotation of its angle embedding stands commented out there; RY is taken here. Every part can be left
        out or replaced, for ablations: `channels`, `kan`, `circuit`, `embedding`, `recurrent`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from lilliput.layers.kan import KANLinear
from lilliput.layers.quantum import EMBEDDINGS, QuantumLayer
from lilliput.layers.relu_lstm import ReluLSTM
from lilliput.models.entry import check_range, register_model

CHOICES = {
    "channels": ("both", "classical", "quantum"),
    "kan": ("both", "classical", "quantum", "none"),
    "circuit": ("quantum", "dense"),
    "embedding": EMBEDDINGS,
    "recurrent": ("bilstm", "lstm", "none"),
}


@dataclass(frozen=True)
class KACQConfig:
    """Sizes of a KACQ-DCNN; the defaults are the published ones of its best network."""

    features: int = 11
    outputs: int = 1
    wires: int = 4
    layers: int = 1  # of each circuit
    circuits: int = 3
    embedding: str = "amplitude"  # or "angle"
    circuit: str = "quantum"  # "dense": a plain layer with tanh of as many inputs and outputs in the place of each
    channels: str = "both"  # "classical" or "quantum" alone
    kan: str = "both"  # the channels that have splines; plain layers with a rectifier elsewhere
    edge_width: int = 112  # quantum channel: of the layer that takes each feature alone
    embed_width: int = 176  # of the layer before the one that makes the amplitudes
    out_width: int = 112  # of the first layer behind the circuits
    recurrent: str = "bilstm"  # "lstm", or "none"
    recurrent_layers: int = 2
    units: int = 64  # of each direction
    dense_width: int = 320  # classical channel: of the plain layer
    hidden_width: int = 256  # of the spline layer behind it
    channel_width: int = 32  # what each channel gives to the last unit
    grid: int = 3
    embed_grid: int = 5  # of the layer that makes the amplitudes
    dropout: float = 0.2

    def __post_init__(self) -> None:
        check_range(self, 1, 65536, "features", "outputs", "edge_width", "embed_width", "out_width", "units")
        check_range(self, 1, 65536, "dense_width", "hidden_width", "channel_width")
        check_range(self, 1, 12, "wires")
        check_range(self, 1, 100, "layers", "circuits", "recurrent_layers", "grid", "embed_grid")
        check_range(self, 0, 0.99, "dropout")
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise ValueError(f"`{name}` {getattr(self, name)!r} is none of {', '.join(known)}")

    @property
    def input_shape(self) -> tuple[int]:
        """(features,)."""
        return (self.features,)

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape; it then has one logit a class."""
        return {"features": math.prod(input_shape), "outputs": classes}


_MICRO = KACQConfig(
    edge_width=8, embed_width=24, out_width=16, units=8, dense_width=32, hidden_width=24, channel_width=16
)  # fmt: skip


@register_model("kacq_dcnn", KACQConfig())
@register_model("kacq_micro", _MICRO)
@register_model("kan_micro", replace(_MICRO, channels="classical", recurrent="none"))
class DualChannelNet(nn.Module):
    """Both channels side by side, and one linear unit on what they give.

    Shapes:
        (B, features) -> (B, outputs).

    Cost: 2 844 277 parameters as published, 1 629 652 of them in the quantum channel; `kacq_micro` has 44 533. What is
    left of it without circuits and recurrent layers, `kan_micro`, has 8 505, and every part of it has an integer form.
    """

    config: KACQConfig

    def __init__(self, config: KACQConfig) -> None:
        super().__init__()
        c = config
        self.quantum = _QuantumChannel(c) if c.channels != "classical" else None
        self.classical = _ClassicalChannel(c) if c.channels != "quantum" else None
        self.head = nn.Linear(c.channel_width * (2 if c.channels == "both" else 1), c.outputs)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        each = x.unsqueeze(-1)  # (B, features, 1): a sequence of columns
        parts = [channel(each) for channel in (self.quantum, self.classical) if channel is not None]
        y: Tensor = self.head(torch.cat(parts, 1))
        return y


class _QuantumChannel(nn.Module):
    """(B, features, 1) -> (B, channel_width)."""

    def __init__(self, c: KACQConfig) -> None:
        super().__init__()
        splines = c.kan in ("both", "quantum")
        values = c.wires if c.embedding == "angle" else 1 << c.wires
        self.circuits = c.circuits
        drop = nn.Dropout(c.dropout)
        self.before = nn.Sequential(
            edges(1, c.edge_width, c.grid, splines), nn.Flatten(), drop,
            edges(c.features * c.edge_width, c.embed_width, c.grid, splines), drop,
            edges(c.embed_width, c.circuits * values, c.embed_grid, splines),
        )  # fmt: skip
        self.middle = nn.ModuleList(_circuit(c, values) for _ in range(c.circuits))
        self.after = nn.Sequential(
            edges(c.circuits * c.wires, c.out_width, c.grid, splines), drop,
            edges(c.out_width, c.channel_width, c.grid, splines), drop,
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        parts = self.before(x).chunk(self.circuits, 1)
        seen = [circuit(part) for circuit, part in zip(self.middle, parts, strict=True)]
        y: Tensor = self.after(torch.cat(seen, 1))
        return y


def _circuit(c: KACQConfig, values: int) -> nn.Module:
    if c.circuit == "dense":
        return nn.Sequential(glorot(values, c.wires), nn.Tanh())
    return QuantumLayer(c.wires, c.layers, c.embedding)  # type: ignore[arg-type]


class _ClassicalChannel(nn.Module):
    """(B, features, 1) -> (B, channel_width)."""

    def __init__(self, c: KACQConfig) -> None:
        super().__init__()
        splines, drop = c.kan in ("both", "classical"), nn.Dropout(c.dropout)
        width, recurrent = 1, []
        for _ in range(0 if c.recurrent == "none" else c.recurrent_layers):
            layer = ReluLSTM(width, c.units, bidirectional=c.recurrent == "bilstm")
            width = layer.directions * c.units
            recurrent.append(layer)
        self.recurrent = nn.Sequential(*recurrent)
        self.after = nn.Sequential(
            nn.Flatten(), drop, glorot(c.features * width, c.dense_width), nn.ReLU(), drop,
            edges(c.dense_width, c.hidden_width, c.grid, splines), drop,
            edges(c.hidden_width, c.channel_width, c.grid, splines), drop,
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.after(self.recurrent(x))
        return y


def edges(inputs: int, outputs: int, grid: int, splines: bool) -> nn.Module:
    """A layer with a function on each edge, or a plain one with a rectifier."""
    if splines:
        return KANLinear(inputs, outputs, grid=grid)
    return nn.Sequential(glorot(inputs, outputs), nn.ReLU())


def glorot(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer with first weights by Glorot's uniform and biases 0, as in the published system."""
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
