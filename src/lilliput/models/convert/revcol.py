"""RevCol: the names of the authors' code, with supervision and without."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from lilliput.models.convert.converter import register_converter, rename
from lilliput.models.revcol import LEVELS, PICTURES, QUARTERS, RevCol, RevColConfig

_BLOCK = {"gamma": "scale", "dwconv": "depthwise", "norm": "norm", "pwconv1": "widen", "pwconv2": "narrow"}
_STEP = 5  # places of one stage of a decoder in ours: convolution, normalisation, GELU, enlarging, block


@register_converter(RevCol)
def revcol_state(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Columns by number, levels by number, heads and decoders by quarter.

    A network without supervision takes the last head of one with it and leaves the others, and the decoders, out.

    Raises:
        ValueError: a network of the largest kind, whose published form is laid out otherwise.
    """
    config: RevColConfig = model.config  # type: ignore[assignment]
    if config.far:
        raise ValueError("networks whose first level sees the last one have no converter")
    names = {"stem.0": "stem.0", "stem.1": "stem.1", "cls.classifier.0": "norm", "cls.classifier.1": "classifier"}
    for column in range(config.columns):
        names |= _column(column, config)
    heads = [key for key in state if key.startswith("cls_blocks.")]
    last = max((int(key.split(".")[1]) for key in heads), default=0)
    kept = dict(state)
    for head in range(last + 1):
        theirs = f"cls_blocks.{head}.classifier"
        ours = ("norm", "classifier") if head == last else (f"early_heads.{head}.norm", f"early_heads.{head}.linear")
        names |= {f"{theirs}.0": ours[0], f"{theirs}.1": ours[1]}
    for decoder in range(QUARTERS - 1):
        names |= _decoder(decoder, is_simple=config.classes > PICTURES)
    if not config.supervision:
        left_out = ("decoder_blocks.", *(f"cls_blocks.{head}." for head in range(last)))
        kept = {key: value for key, value in kept.items() if not key.startswith(left_out)}
    return rename(kept, names)


def _column(column: int, config: RevColConfig) -> dict[str, str]:
    names = {}
    for level in range(LEVELS):
        theirs, ours = f"subnet{column}.level{level}", f"columns.{column}.parts.{level}"
        names[f"subnet{column}.alpha{level}"] = f"columns.{column}.gains.{level}"
        for place in (0, 1):
            names[f"{theirs}.fusion.down.{place}"] = f"{ours}.down.{place}"
        names[f"{theirs}.fusion.up.channel_reschedule.0"] = f"{ours}.up.0.linear"
        names[f"{theirs}.fusion.up.channel_reschedule.1"] = f"{ours}.up.0.norm"
        for block in range(config.level_layers[level]):
            names |= {f"{theirs}.blocks.{block}.{a}": f"{ours}.blocks.{block}.{b}" for a, b in _BLOCK.items()}
    return names


def _decoder(decoder: int, *, is_simple: bool) -> dict[str, str]:
    theirs, ours = f"decoder_blocks.{decoder}", f"decoders.{decoder}"
    if is_simple:
        return {f"{theirs}.projback.{place}": f"{ours}.{place}" for place in (0, 1)}
    names = {f"{theirs}.projback.0": f"{ours}.{_STEP * (LEVELS - 1)}"}
    for stage in range(LEVELS - 1):
        first = _STEP * stage
        names |= {f"{theirs}.proj_layers.{stage}.{place}": f"{ours}.{first + place}" for place in (0, 1)}
        names |= {f"{theirs}.normal_layers.{stage}.0.{a}": f"{ours}.{first + _STEP - 1}.{b}" for a, b in _BLOCK.items()}
    return names
