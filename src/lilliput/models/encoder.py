"""What the compact transformers for pictures and for text share: sizes, and the way from tokens to pooled features.

Axes: B batch, N tokens, D features of a token. The class token, where there is one, is the first.

Source: Escaping the Big Data Paradigm with Compact Transformers (arXiv:2104.05704).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lilliput.layers.attention import (
    EncoderBlock,
    SequencePool,
    check_heads,
    drop_path_ramp,
    initialise,
    pair_mask,
    sine_table,
)
from lilliput.models.entry import Network, check_range, register_model

POSITIONS = ("learnable", "sine", "none")
POSITION_STD = 0.2
"""Spread of learnt positions at the start."""


@dataclass(frozen=True)
class EncoderConfig:
    """Sizes of an encoder; the defaults are those of the smallest published one."""

    classes: int = 10  # 0: pooled features
    layers: int = 2
    dim: int = 128  # features of a token
    heads: int = 2
    mlp: float = 1.0  # width between the two linear layers of a block, through `dim`
    pos: str = "learnable"  # or "sine", fixed, or "none"
    dropout: float = 0.0
    attention_dropout: float = 0.1
    drop_path: float = 0.1  # of the last layer; it rises in a line from the first, which has none
    official: bool = False  # repeat what the published code does where that differs

    def __post_init__(self) -> None:
        check_range(self, 0, 65536, "classes")
        check_range(self, 1, 8192, "dim")
        check_range(self, 1, 1024, "layers", "heads")
        check_range(self, 1 / 64, 64, "mlp")
        check_range(self, 0, 0.99, "dropout", "attention_dropout", "drop_path")
        check_heads(self.dim, self.heads)
        if self.pos not in POSITIONS:
            raise ValueError(f"`pos` {self.pos!r} is none of {', '.join(POSITIONS)}")

    @property
    def hidden(self) -> int:
        """Width between the two linear layers of a block."""
        return max(1, int(self.dim * self.mlp))


_SMALL: dict[str, Any] = {"dim": 128, "heads": 2, "mlp": 1.0}
_MIDDLE: dict[str, Any] = {"dim": 256, "heads": 4, "mlp": 2.0}
_LARGE: dict[str, Any] = {"dim": 384, "heads": 6, "mlp": 3.0}
SIZES: dict[int, dict[str, Any]] = {
    layers: {"layers": layers, **size}
    for layers, size in ((2, _SMALL), (4, _SMALL), (6, _MIDDLE), (7, _MIDDLE), (14, _LARGE))
}
"""Layers → the published sizes."""


class TokenEncoder(nn.Module):
    """Positions, encoder blocks, a last normalisation; and what makes one row of features of the tokens.

    Args:
        config: the sizes.
        places: N, how many tokens come in.
        class_token: whether a token of its own collects the features; else they are a learnt weighted mean of all.
        learns_positions: learn them even where the config asks for sines or for none.
    """

    def __init__(
        self, config: EncoderConfig, places: int, *, class_token: bool, learns_positions: bool = False
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            EncoderBlock(
                config.dim,
                config.heads,
                config.hidden,
                attention_dropout=config.attention_dropout,
                dropout=config.dropout,
                drop_path=rate,
            )
            for rate in drop_path_ramp(config.drop_path, config.layers)
        )
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.class_token = nn.Parameter(torch.zeros(1, 1, config.dim)) if class_token else None
        self.sequence_pool = None if class_token else SequencePool(config.dim)
        self.positions: Tensor | None
        shape = (1, places + class_token, config.dim)
        if config.pos == "learnable" or learns_positions:
            self.positions = nn.Parameter(torch.empty(shape))
            nn.init.trunc_normal_(self.positions, std=POSITION_STD)
        elif config.pos == "sine":
            # Worked out anew from the size: nothing that a checkpoint has to hold.
            self.register_buffer("positions", sine_table(*shape[1:]), persistent=False)
        else:
            self.positions = None
        self.apply(initialise)

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """All tokens, encoded.

        Args:
            x: (B, N, D).
            present: (B, N), false where a token is only padding: it gets no position, and none of the others sees it.

        Shapes:
            -> (B, N, D), with a class token (B, 1 + N, D).
        """
        if self.class_token is not None:
            x = torch.cat([self.class_token.expand(len(x), -1, -1), x], dim=1)
            present = None if present is None else _with_first(present)
        mask = None if present is None else pair_mask(present, x.dtype)
        if self.positions is not None:
            x = x + (self.positions if present is None else self.positions * present.unsqueeze(-1))
        x = self.dropout(x)
        for block in self.blocks:
            x = block(x, mask)
        y: Tensor = self.norm(x)
        return y

    def pool(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """`forward`'s output -> (B, D): the class token, or the weighted mean of what is there."""
        if self.sequence_pool is None:
            return x[:, 0]
        y: Tensor = self.sequence_pool(x, present)
        return y

    def weights(self, x: Tensor) -> Tensor:
        """How much each token of `forward`'s output counts in the pooled features: (B, N).

        Raises:
            ValueError: there is a class token, so that nothing is pooled.
        """
        if self.sequence_pool is None:
            raise ValueError("a network with a class token pools nothing: its tokens have no weights")
        return self.sequence_pool.weights(x).squeeze(-1)


def register_variants(*variants: tuple[str, Any]) -> Callable[[Network], Network]:
    """Class decorator: enter a network under several names, each with its config."""

    def enter(network: Network) -> Network:
        for name, config in variants:
            register_model(name, config)(network)
        return network

    return enter


def check_multiple(name: str, length: int, patch: int) -> None:
    """Refuse a length that patches do not fill.

    Raises:
        ValueError: the message gives the nearest ones that they do.
    """
    if length % patch:
        below, above = length // patch * patch, (length // patch + 1) * patch
        near = f"{below} or {above}" if below else f"{above}"
        raise ValueError(f"`{name}` {length} is no multiple of the patch, {patch}: {near} would do")


def _with_first(present: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(present[:, :1]), present], dim=1)
