r"""Spike-driven self-attention: four ways to let tokens meet that only add. Nothing is normalised, there is no softmax.

    sdsa1   Q ⊗ SN(Σ_tokens K ⊗ V)        O(N·D)          the first version's; ⊗ by element
    sdsa2   Q ⊗ SN(Σ_tokens K)            O(N·D)          two operands
    sdsa3   SN_s(Q (Kᵀ V))                O(N·D²/heads)   the published networks'; a threshold scaled by 1/s
    sdsa4   SN(s · Q (Kᵀ V))              O(N·D²/heads)   as sdsa3, with s learnt

Q, K and V are 0 or 1, so that Kᵀ V counts on how many tokens two channels fired together: whole numbers, which Q picks
and adds. The associative law leaves the choice of (Q Kᵀ) V, in O(N²·D), with the same numbers.

Which operand sdsa2 drops, and that sdsa4 learns its scale, is not in the released code, which has sdsa3 alone.

Axes: T·B time steps of a batch, C = heads · D channels, N = H·W tokens.

Source: Spike-driven Transformer V2 (arXiv:2404.03663); sdsa1: arXiv:2307.01694.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

KINDS = ("sdsa1", "sdsa2", "sdsa3", "sdsa4")


def by_tokens(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Q (Kᵀ V): channels meet channels first. O(N·D²) a head.

    Shapes:
        q, k, v (B, C, H, W) -> (B, C, H, W).
    """
    rows = [_heads(x, heads) for x in (q, k, v)]
    # Channels before tokens: (Q A)ᵀ = Aᵀ Qᵀ spares all transpositions of the maps.
    return _merged(torch.matmul(torch.matmul(rows[2], rows[1].transpose(-1, -2)), rows[0]), q)


def by_pairs(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """(Q Kᵀ) V: tokens meet tokens first. O(N²·D) a head; the same numbers, exactly where all are 0 or 1.

    Shapes:
        q, k, v (B, C, H, W) -> (B, C, H, W).
    """
    rows = [_heads(x, heads) for x in (q, k, v)]
    return _merged(torch.matmul(rows[2], torch.matmul(rows[1].transpose(-1, -2), rows[0])), q)


def _heads(x: Tensor, heads: int) -> Tensor:
    """(B, C, H, W) -> (B, heads, D, N)."""
    return x.reshape(len(x), heads, x.shape[1] // heads, -1)


def _merged(y: Tensor, like: Tensor) -> Tensor:
    """(B, heads, D, N) -> (B, C, H, W), in the memory layout of `like`."""
    y = y.reshape(like.shape)
    if not like.is_contiguous() and like.is_contiguous(memory_format=torch.channels_last):
        return y.contiguous(memory_format=torch.channels_last)
    return y


class Meeting(nn.Module):
    """What of an attention stands between the neurons of Q, K, V and the neuron behind it.

    Args:
        kind: one of `KINDS`.
        heads: how many groups the channels are in.
        scale: s at the start of sdsa4; the others leave it to the neuron's threshold.

    Shapes:
        q, k, v (B, C, H, W) of 0 or 1; v is not read by sdsa2 -> what the neuron gets: (B, C, H, W), or (B, C, 1, 1)
        for sdsa1 and sdsa2.

    Raises:
        ValueError: an unknown kind.
    """

    def __init__(self, kind: str, heads: int, scale: float) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"`attention` {kind!r} is none of {', '.join(KINDS)}")
        self.kind, self.heads = kind, heads
        self.scale = nn.Parameter(torch.tensor(scale)) if kind == "sdsa4" else None

    @property
    def gates(self) -> bool:
        """Whether Q is multiplied in by element behind the neuron, not before it."""
        return self.kind in ("sdsa1", "sdsa2")

    def forward(self, q: Tensor, k: Tensor, v: Tensor | None) -> Tensor:
        if self.kind == "sdsa2":
            return k.sum((2, 3), keepdim=True)
        assert v is not None
        if self.kind == "sdsa1":
            return (k * v).sum((2, 3), keepdim=True)
        counts = by_tokens(q, k, v, self.heads)
        return counts if self.scale is None else counts * self.scale

    def extra_repr(self) -> str:
        return f"kind={self.kind}, heads={self.heads}"
