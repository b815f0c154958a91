"""ViT-Lite, CVT and CCT, and their networks for text: the names of the authors' code.

Published tables of positions are of square grids; they are resized to the grid of the network, the class token's row
left alone. Where the network works its positions out, the published table is dropped.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lilliput.layers.attention import resized_positions, sine_table
from lilliput.models.cct import CompactTransformer
from lilliput.models.convert.converter import register_converter, rename

_LOG = logging.getLogger(__name__)
_POSITIONS = "classifier.positional_emb"
_BLOCK = {
    "pre_norm": "attention_norm", "self_attn.qkv": "attention.qkv", "self_attn.proj": "attention.project",
    "norm1": "stream_norm", "linear1": "widen", "linear2": "narrow",
}  # fmt: skip
_ENDS = {
    "classifier.class_emb": "class_token", "classifier.attention_pool": "sequence_pool.score",
    "classifier.norm": "norm", "classifier.fc": "classifier", _POSITIONS: "positions",
}  # fmt: skip


@register_converter(CompactTransformer)
def cct_state(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Tokeniser, blocks by place, head; positions of another grid are resized."""
    assert isinstance(model, CompactTransformer)
    names = {**_ENDS, **block_names(model.config.layers)}
    convs = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    names |= {f"tokenizer.conv_layers.{index}.0": name for index, name in enumerate(convs)}
    found = rename(state, names)
    return _with_positions(found, model)


def block_names(layers: int) -> dict[str, str]:
    """Published prefix → ours, of all encoder blocks."""
    return {
        f"classifier.blocks.{layer}.{theirs}": f"encoder.{layer}.{ours}"
        for layer in range(layers)
        for theirs, ours in _BLOCK.items()
    }


def _with_positions(found: dict[str, Tensor], model: CompactTransformer) -> dict[str, Tensor]:
    table = found.pop("positions", None)
    if table is None or "positions" not in model.state_dict():
        if table is not None:
            _check_dropped(table, model.config.pos)
        return found
    extra = int(model.has_class_token)
    side = math.isqrt(max(table.shape[1] - extra, 0)) if table.ndim == 3 else 0
    if table.ndim != 3 or extra + side * side != table.shape[1]:
        raise ValueError(f"{_POSITIONS} is {tuple(table.shape)}, not {extra} and a square grid of positions")
    return {**found, "positions": resized_positions(table, (side, side), model.grid, extra)}


def _check_dropped(table: Tensor, pos: str) -> None:
    """Positions that the network has no place for: refuse them, or say that they were learnt under a wrong name."""
    if pos == "none":
        raise ValueError(f"{_POSITIONS} is there, and the network has no positions (`pos` is none)")
    if table.ndim != 3 or not torch.allclose(table.float(), sine_table(table.shape[1], table.shape[2]), atol=1e-4):
        _LOG.warning(
            "%s of the checkpoint is no table of sines and is not used: the published code learns such tables; "
            "pos=learnable keeps it",
            _POSITIONS,
        )
