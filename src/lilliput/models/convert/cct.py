"""ViT-Lite, CVT and CCT, and their networks for text: the names of the authors' code.

Published tables of positions are of square grids; they are resized to the grid of the network, the class token's row
left alone. Where the network works its positions out, the published table is not used.
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
from lilliput.models.text_cct import TextTransformer

_LOG = logging.getLogger(__name__)
_POSITIONS = "classifier.positional_emb"
_ENDS = {
    "classifier.class_emb": "encoder.class_token", "classifier.attention_pool": "encoder.sequence_pool.score",
    "classifier.norm": "encoder.norm", "classifier.fc": "classifier", _POSITIONS: "encoder.positions",
    "embedder.embeddings": "embedding",
}  # fmt: skip
_BLOCK = {
    "pre_norm": "attention_norm", "self_attn.qkv": "attention.qkv", "self_attn.proj": "attention.project",
    "norm1": "stream_norm", "linear1": "widen", "linear2": "narrow",
}  # fmt: skip


@register_converter(CompactTransformer)
def cct_state(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Tokeniser, blocks by place, head; positions of another grid are resized."""
    network: CompactTransformer = model  # type: ignore[assignment]
    convs = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    found = rename(
        state, _names(model) | {f"tokenizer.conv_layers.{index}.0": name for index, name in enumerate(convs)}
    )
    table = _positions(found, model)
    if table is None:
        return found
    extra = int(network.has_class_token)
    side = math.isqrt(max(table.shape[1] - extra, 0))
    if extra + side * side != table.shape[1]:
        raise ValueError(f"{_POSITIONS} is {tuple(table.shape)}, not {extra} and a square grid of positions")
    return {**found, "encoder.positions": resized_positions(table, (side, side), network.grid, extra)}


@register_converter(TextTransformer)
def text_cct_state(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """As for pictures; learnt positions without their first row, which only padding would get."""
    found = rename(state, _names(model) | {"tokenizer.conv_layers.0": "tokeniser"})
    table = _positions(found, model)
    return found if table is None else {**found, "encoder.positions": table[:, 1:]}


def _names(model: nn.Module) -> dict[str, str]:
    """Published prefix → ours: the ends and all blocks."""
    blocks = {
        f"classifier.blocks.{layer}.{theirs}": f"encoder.blocks.{layer}.{ours}"
        for layer in range(int(model.config.layers))  # type: ignore[union-attr, arg-type]
        for theirs, ours in _BLOCK.items()
    }
    return {**_ENDS, **blocks}


def _positions(found: dict[str, Tensor], model: nn.Module) -> Tensor | None:
    """The published table, taken out of `found`; none where the network learns no positions.

    Raises:
        ValueError: it is no table, or the network has no positions at all.
    """
    table = found.pop("encoder.positions", None)
    if table is None:
        return None
    if table.ndim != 3 or table.shape[0] != 1:
        raise ValueError(f"{_POSITIONS} is {tuple(table.shape)}, not a table of positions")
    if "encoder.positions" in model.state_dict():
        return table
    if model.config.pos == "none":  # type: ignore[union-attr]
        raise ValueError(f"{_POSITIONS} is there, and the network has no positions (`pos` is none)")
    rows = table[:, int(not table[:, 0].any()) :].float()  # those for text begin with a row of zeros
    if not torch.allclose(rows, sine_table(*rows.shape[1:]), atol=1e-4):
        _LOG.warning(
            "%s of the checkpoint is no table of sines and is not used: the published code learns such tables; "
            "pos=learnable keeps it",
            _POSITIONS,
        )
    return None
