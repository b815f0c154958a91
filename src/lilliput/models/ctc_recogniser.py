"""A small recogniser of strings: convolutions along time, and for each step which symbol is heard, or none.

Paper   Connectionist Temporal Classification (Graves and others, ICML 2006) for what it learns by; the network is ours
Input   (B, 1, frames, bands): log-mel energies
Output  (B, steps, classes + 1): logits, the last of which is for nothing; two frames make a step
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lilliput.models.entry import check_range, register_model


@dataclass(frozen=True)
class CtcRecogniserConfig:
    """Sizes of the network."""

    frames: int = 299
    bands: int = 20
    classes: int = 10
    width: int = 64
    blocks: int = 3
    dropout: float = 0.1

    def __post_init__(self) -> None:
        check_range(self, 2, 100_000, "frames")
        check_range(self, 1, 4096, "bands", "classes", "width")
        check_range(self, 1, 32, "blocks")
        check_range(self, 0, 0.99, "dropout")

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(1, frames, bands)."""
        return 1, self.frames, self.bands

    def fit_to(self, input_shape: tuple[int, ...], classes: int) -> dict[str, int]:
        """Changes that fit the network to a task's shape."""
        if len(input_shape) != 3 or input_shape[0] != 1:
            raise ValueError("it takes (1, frames, bands)")
        return {"frames": input_shape[1], "bands": input_shape[2], "classes": classes}


@register_model("ctc_digits", CtcRecogniserConfig())
class CtcRecogniser(nn.Module):
    """The network of the file's head.

    Shapes:
        (B, 1, frames, bands) -> (B, ceil(frames / 2), classes + 1), any number of frames.
    """

    def __init__(self, config: CtcRecogniserConfig) -> None:
        super().__init__()
        self.first = nn.Conv1d(config.bands, config.width, 5, stride=2, padding=2)
        self.blocks = nn.ModuleList(
            nn.Conv1d(config.width, config.width, 5, padding=2 * (1 + n), dilation=1 + n) for n in range(config.blocks)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(config.width) for _ in range(config.blocks + 1))
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Conv1d(config.width, config.classes + 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norms[0](self.first(x[:, 0].transpose(1, 2))))
        for block, norm in zip(self.blocks, list(self.norms)[1:], strict=True):
            y = y + self.dropout(torch.relu(norm(block(y))))
        logits: Tensor = self.head(y).transpose(1, 2)
        return logits
