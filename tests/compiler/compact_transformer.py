"""A small compact convolutional transformer in plain operators: what the compiler must read, not a model of the zoo.

Equal in structure to cct_2_3x2_32: 283 723 parameters for three channels and ten classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Self-attention; `fused` calls PyTorch's own, else the products and the softmax are written out."""

    def __init__(self, dim: int, heads: int, *, fused: bool) -> None:
        super().__init__()
        self.heads, self.fused, self.scale = heads, fused, (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        b, n, d = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        if self.fused:
            y = functional.scaled_dot_product_attention(q, k, v)
        else:
            y = ((q @ k.transpose(-2, -1)) * self.scale).softmax(dim=-1) @ v
        projected: Tensor = self.proj(y.transpose(1, 2).reshape(b, n, d))
        return projected


class Block(nn.Module):
    """x + attention of the normalised x; that normalised; plus its own two linear layers with GELU between."""

    def __init__(self, dim: int, heads: int, *, fused: bool) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim), Attention(dim, heads, fused=fused)
        self.norm2, self.up, self.down = nn.LayerNorm(dim), nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm2(x + self.attn(self.norm1(x)))
        return x + self.down(functional.gelu(self.up(x)))


class CompactTransformer(nn.Module):
    """Two convolutions with pools make tokens; blocks; a weighted mean over tokens; one linear layer.

    Args:
        side: of the square image; a quarter of it is the side of the grid of tokens.
        channels: of the image.
        dim: of a token.
        heads: of the attention.
        blocks: how many.
        classes: of the answer.
        fused: which form of attention.
        class_token: prepend a learnt token and answer from it, instead of the weighted mean.
    """

    def __init__(
        self, side: int = 32, channels: int = 3, dim: int = 128, heads: int = 2, blocks: int = 2, classes: int = 10,
        *, fused: bool = True, class_token: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.conv1 = nn.Conv2d(channels, min(64, dim), 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(min(64, dim), dim, 3, padding=1, bias=False)
        tokens = (side // 4) ** 2 + class_token
        self.place = nn.Parameter(0.2 * torch.randn(1, tokens, dim))
        self.class_token = nn.Parameter(torch.zeros(1, 1, dim)) if class_token else None
        self.blocks = nn.ModuleList(Block(dim, heads, fused=fused) for _ in range(blocks))
        self.norm, self.share, self.head = nn.LayerNorm(dim), nn.Linear(dim, 1), nn.Linear(dim, classes)

    def forward(self, x: Tensor) -> Tensor:
        for conv in (self.conv1, self.conv2):
            x = functional.max_pool2d(functional.relu(conv(x)), 3, 2, 1)
        x = x.flatten(2).transpose(1, 2)
        if self.class_token is not None:
            x = torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], dim=1)
        x = x + self.place
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        if self.class_token is not None:
            return self.head(x[:, 0])  # type: ignore[no-any-return]
        shares = self.share(x).softmax(dim=1)
        return self.head((shares.transpose(-1, -2) @ x).squeeze(-2))  # type: ignore[no-any-return]
