"""Parts of small transformers: self-attention, its encoder block, pooling over the sequence, positions.

Axes: B batch, N tokens, D features of a token. All is written in plain operators (linear, reshape, permute, scaled
dot-product attention, layer normalisation, GELU, softmax), so that an export of it holds nothing else.

Source: Escaping the Big Data Paradigm with Compact Transformers (arXiv:2104.05704).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lilliput.layers.drop_path import DropPath

WEIGHT_STD = 0.02
"""Spread of the linear layers at the start."""


class SelfAttention(nn.Module):
    r"""Each token becomes a mean of all, weighted by :math:`\mathrm{softmax}(q k^T / \sqrt{D / heads})`.

    Queries, keys and values come from one layer without bias; the layer behind the heads has one.

    Args:
        dim: D, a multiple of `heads`.
        heads: how many means are taken side by side.
        attention_dropout: share of the weights that is left out in training.
        dropout: share of the outputs that is left out in training.

    Shapes:
        x (B, N, D), mask (B, 1, N, N), added to the scores, or none -> (B, N, D).

    Raises:
        ValueError: `dim` cannot be shared out.

    Cost: 4·N·D² + 2·N²·D multiply-accumulates.
    """

    def __init__(self, dim: int, heads: int, *, attention_dropout: float = 0.0, dropout: float = 0.0) -> None:
        super().__init__()
        check_heads(dim, heads)
        self.heads, self.attention_dropout = heads, attention_dropout
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.project = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        batch, tokens, dim = x.shape
        parts = self.qkv(x).reshape(batch, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        share = self.attention_dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(parts[0], parts[1], parts[2], attn_mask=mask, dropout_p=share)
        y = self.project(y.transpose(1, 2).reshape(batch, tokens, dim))
        return self.dropout(y)  # type: ignore[no-any-return]


class EncoderBlock(nn.Module):
    r"""Attention and two linear layers, each beside a shortcut:

        a = x + attention(norm₁(x));  b = norm₂(a);  y = b + W₂ gelu(W₁ b)

    The second normalisation stands in the stream itself, not in front of the branch as in most transformers; so it is
    in the published networks.

    Args:
        dim, heads, attention_dropout, dropout: as `SelfAttention`.
        hidden: width between the two linear layers.
        drop_path: how often each branch is left out in training.

    Shapes:
        as `SelfAttention`.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        hidden: int,
        *,
        attention_dropout: float = 0.0,
        dropout: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = SelfAttention(dim, heads, attention_dropout=attention_dropout, dropout=dropout)
        self.stream_norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, hidden)
        self.narrow = nn.Linear(hidden, dim)
        self.dropout = nn.Dropout(dropout)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = x + self.drop_path(self.attention(self.attention_norm(x), mask))
        x = self.stream_norm(x)
        y = self.narrow(self.dropout(F.gelu(self.widen(x))))
        return x + self.drop_path(self.dropout(y))  # type: ignore[no-any-return]


class SequencePool(nn.Module):
    r"""A learnt weighted mean of the tokens, :math:`z = \mathrm{softmax}(x w + b)^T x`.

    Shapes:
        x (B, N, D), mask (B, N), true for tokens that count, or none for all -> (B, D).

    Cost: 2·N·D multiply-accumulates.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.score = nn.Linear(dim, 1)

    def weights(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """How much each token counts: (B, N, 1), adding up to 1."""
        scores = self.score(x)
        if mask is not None:
            scores = scores.masked_fill(~mask.unsqueeze(-1), torch.finfo(x.dtype).min)
        return F.softmax(scores, dim=1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        return torch.matmul(self.weights(x, mask).transpose(1, 2), x).squeeze(1)


def check_heads(dim: int, heads: int) -> None:
    """Refuse heads that do not divide the features.

    Raises:
        ValueError: they do not; the message gives the nearest `dim` that would do.
    """
    if dim % heads:
        below = max(dim // heads * heads, heads)
        above = (dim // heads + 1) * heads
        near = f"{below} or {above}" if below != above else f"{above}"
        raise ValueError(f"`heads` {heads} do not divide `dim` {dim}: {near} would do")


def pair_mask(present: Tensor, dtype: torch.dtype) -> Tensor:
    """What is added to the scores so that only tokens that are there see each other.

    The lowest number, not minus infinity: a row of an absent token then stays finite, an even mean of all.

    Shapes:
        present (B, N), true for tokens that are there -> (B, 1, N, N).
    """
    pairs = present[:, None, :] & present[:, :, None]
    lowest = torch.finfo(dtype).min
    return torch.zeros(pairs.shape, dtype=dtype, device=present.device).masked_fill(~pairs, lowest)[:, None]


def sine_table(tokens: int, dim: int) -> Tensor:
    r"""Fixed positions, :math:`P_{p,2i} = \sin(p / 10000^{2i/D})` and :math:`P_{p,2i+1}` its cosine.

    Shapes:
        -> (1, tokens, dim), float32.
    """
    place = torch.arange(tokens, dtype=torch.float64)[:, None]
    pair = torch.arange(dim) // 2 * 2
    angle = place / 10000.0 ** (pair.to(torch.float64) / dim)
    return torch.where(torch.arange(dim) % 2 == 0, angle.sin(), angle.cos())[None].to(torch.float32)


def resized_positions(table: Tensor, before: tuple[int, int], after: tuple[int, int], extra: int = 0) -> Tensor:
    """Learnt positions of one grid of tokens for another, bilinear between the old ones.

    Args:
        table: (1, extra + h·w, D).
        before: (h, w) of the grid that it was learnt on.
        after: (h, w) of the one that it shall serve.
        extra: rows in front that are no place of the grid, such as a class token's; they stay.

    Shapes:
        -> (1, extra + h·w of `after`, D).

    Raises:
        ValueError: the table has not as many rows as the grid.
    """
    if table.shape[1] != extra + math.prod(before):
        raise ValueError(f"{table.shape[1]} positions are not {extra} and a grid of {before[0]}x{before[1]}")
    if before == after:
        return table
    grid = table[:, extra:].reshape(1, *before, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=after, mode="bilinear", align_corners=False)
    return torch.cat([table[:, :extra], grid.flatten(2).transpose(1, 2)], dim=1)


def drop_path_ramp(rate: float, layers: int) -> list[float]:
    """Rates of stochastic depth that rise in a line from 0 in the first layer to `rate` in the last."""
    return [rate * layer / max(layers - 1, 1) for layer in range(layers)]


def initialise(module: nn.Module) -> None:
    """Weights as published: linear ones from a truncated normal, convolutions by what feeds them, biases 0."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=WEIGHT_STD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight)
